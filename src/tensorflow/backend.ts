/**
 * Two tfjs backends over TensorFlow's C API: `tensorflow` runs each operation at once, `graph` records it.
 *
 * The kernels are those of tfjs-node; only the binding underneath is ours.
 */
import * as tf from '@tensorflow/tfjs-core';
import { EngineError } from '../errors.js';
import type { Output } from './api.js';
import { type Attribute, attributeTypes } from './attributes.js';
import type { Binding, TensorMetadata } from './binding.js';
import { type EngineOptions, encodeConfig } from './config.js';
import { EagerBinding } from './eagerBinding.js';
import type { Graph } from './graph.js';
import { GraphBinding } from './graphBinding.js';
import { type DataType, dataTypes } from './hostTensor.js';
import { NodeJSKernelBackend } from './nodeKernels.js';

type NativeBinding = ConstructorParameters<typeof NodeJSKernelBackend>[0];
const asNative = (binding: Binding) => binding as unknown as NativeBinding; // without its SavedModel part, which no kernel calls

const packageName = 'cmtdet';
const recorder = new GraphBinding();
let eagerOptions: EngineOptions = {};

tf.registerBackend(
  'tensorflow',
  () => new NodeJSKernelBackend(asNative(new EagerBinding(encodeConfig(eagerOptions))), packageName),
  3,
);
tf.registerBackend('graph', () => new NodeJSKernelBackend(asNative(recorder), packageName), 0);
tf.copyRegisteredKernels('tensorflow', 'graph');

/** Makes eager tfjs operations run on TensorFlow. Cheap to call again; options count at the first call only. */
export function useEagerBackend(options: EngineOptions = eagerOptions): void {
  eagerOptions = options;
  if (tf.getBackend() === 'tensorflow') return;
  if (!setBackend('tensorflow')) throw new EngineError('TensorFlow could not be started; "cmtdet doctor" says why');
}

/** `tf.setBackend` does its work before it returns where, as here, no factory is asynchronous. */
function setBackend(name: string): boolean {
  void tf.setBackend(name);
  return tf.getBackend() === name;
}

/**
 * Runs `body` with tfjs operations recorded into `graph`, and tidies what it made.
 *
 * Only `Output`s and plain values may leave `body`; its tensors are gone afterwards.
 */
export function recordInto<T>(graph: Graph, body: () => T): T {
  const before = tf.getBackend() as string | undefined;
  setBackend('graph');
  try {
    return tidied(() => recorder.recordingTo(graph, body));
  } finally {
    if (before !== undefined && before !== 'graph') setBackend(before);
  }
}

/** Within {@link recordInto}: records `body` into another graph. */
export function recordAside<T>(graph: Graph, body: () => T): T {
  return tidied(() => recorder.recordingAside(graph, body));
}

/** `tf.tidy` that lets no tensor out. */
function tidied<T>(body: () => T): T {
  const engine = tf.engine();
  engine.startScope();
  try {
    return body();
  } finally {
    engine.endScope();
  }
}

/** The graph that is being recorded to, or undefined where operations run eagerly. */
export const currentGraph = (): Graph | undefined => (tf.getBackend() === 'graph' ? recorder.graph : undefined);

/** The parts of tfjs-node's backend that its own kernels use too. */
interface KernelBackend {
  getInputTensorIds(tensors: readonly tf.Tensor[]): number[];
  createOutputTensor(metadata: TensorMetadata): tf.Tensor;
  executeMultipleOutputs(
    name: string,
    attributes: readonly Attribute[],
    inputs: readonly tf.Tensor[],
    outputs: number,
  ): tf.Tensor[];
}
const backend = () => tf.backend() as unknown as KernelBackend;

/** The graph output of a traced tensor. */
export function outputOf(tensor: tf.Tensor): Output {
  return recorder.output(backend().getInputTensorIds([tensor])[0]!);
}

/** The traced tensor of a graph output. */
export function tensorOf(output: Output): tf.Tensor {
  return backend().createOutputTensor(recorder.describe(output));
}

/** Attribute values of {@link rawOp}: what JavaScript cannot tell apart is named. */
export type RawAttribute =
  | boolean
  | string
  | { readonly int: number }
  | { readonly ints: readonly number[] }
  | { readonly float: number }
  | { readonly floats: readonly number[] }
  | { readonly type: DataType }
  | { readonly types: readonly DataType[] }
  | { readonly shape: readonly number[] };

function toAttribute(name: string, value: RawAttribute): Attribute {
  if (typeof value === 'boolean') return { name, type: attributeTypes.bool, value };
  if (typeof value === 'string') return { name, type: attributeTypes.string, value };
  if ('int' in value) return { name, type: attributeTypes.int, value: value.int };
  if ('ints' in value) return { name, type: attributeTypes.int, value: value.ints };
  if ('float' in value) return { name, type: attributeTypes.float, value: value.float };
  if ('floats' in value) return { name, type: attributeTypes.float, value: value.floats };
  if ('type' in value) return { name, type: attributeTypes.type, value: dataTypes[value.type] };
  if ('types' in value) return { name, type: attributeTypes.type, value: value.types.map((type) => dataTypes[type]) };
  return { name, type: attributeTypes.shape, value: value.shape };
}

/**
 * Any TensorFlow operation, by its name in the op registry, on either backend. It has no gradient: use it inside
 * `tf.customGrad`, or where none is needed.
 *
 * @returns as many tensors as `outputs` says
 * @throws EngineError naming the operation and its inputs' shapes
 */
export function rawOps(
  name: string,
  inputs: readonly tf.Tensor[],
  attributes: Record<string, RawAttribute>,
  outputs: number,
): tf.Tensor[] {
  const list = Object.entries(attributes).map(([key, value]) => toAttribute(key, value));
  return backend().executeMultipleOutputs(name, list, inputs, outputs);
}

/** {@link rawOps} with one output. */
export function rawOp<T extends tf.Tensor = tf.Tensor>(
  name: string,
  inputs: readonly tf.Tensor[],
  attributes: Record<string, RawAttribute> = { T: { type: 'float32' } },
): T {
  return rawOps(name, inputs, attributes, 1)[0] as T;
}
