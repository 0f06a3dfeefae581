/** ONNX models as files. */
import { basename } from 'node:path';
import { writeAtomically } from '../../formats/atomic.js';
import { toFloat16 } from '../../formats/namedArray.js';
import { dataTypeOf, type HostTensor, sizeOf } from '../../tensorflow/hostTensor.js';
import type { OnnxAttribute, OnnxGraph, OnnxNode, OnnxValueInfo } from './onnxGraph.js';
import { attributeTypes, elementTypes, externalLocation, modelProto } from './schema.js';

export interface WriteOnnxOptions {
  /** Of the program that writes. */
  readonly version: string;
  /** By name, in the model's metadata. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Names of constants whose numbers are kept in half the bytes, and made float32 again when the model is loaded. */
  readonly halved?: ReadonlySet<string>;
  /** Bytes of constants from which on they go to a file of their own. @default what one file of ONNX can hold */
  readonly externalFrom?: number;
}

/** A file of ONNX is one message of protobuf, which holds less than 2 GiB; some of it is for the operations. */
const largestFile = 2 ** 31 - 2 ** 26;

/** So that large constants can be mapped into memory as they lie. */
const pageBytes = 4096;

/** `ModelProto.ir_version` that goes with the operator sets. */
const irVersions = { 17: 8, 18: 8, 19: 9, 20: 9 } as const;

/** Constants of fewer bytes stay where the operations are: shapes and axes are looked at before other files are. */
const smallBytes = 1024;

interface Stored {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: number;
  readonly bytes: Uint8Array;
}

/**
 * Writes a model: whole, or not at all.
 *
 * @returns the files; two where constants have one of their own, `path` with `.data` after it
 */
export async function writeOnnx(path: string, graph: OnnxGraph, options: WriteOnnxOptions): Promise<string[]> {
  const { halved = new Set(), externalFrom = largestFile } = options;
  const constants = [...graph.constants].map(([name, value]) => stored(name, value, halved.has(name)));
  const total = constants.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
  const external = total >= externalFrom ? `${path}.data` : undefined;
  const offsets = new Map<string, number>();
  if (external !== undefined) await writeExternal(external, constants, offsets);
  const message = {
    irVersion: irVersions[graph.opset],
    producerName: 'cmtdet',
    producerVersion: options.version,
    opsetImport: [{ domain: '', version: graph.opset }],
    metadataProps: Object.entries(options.metadata).map(([key, value]) => ({ key, value })),
    graph: {
      name: 'cmtdet',
      node: [...castNodes(constants, graph), ...graph.nodes].map(nodeMessage),
      initializer: constants.map((constant) => tensorMessage(constant, external, offsets.get(constant.name))),
      input: graph.inputs.map(infoMessage),
      output: graph.outputs.map(infoMessage),
    },
  };
  const bytes = modelProto.encode(modelProto.fromObject(message)).finish();
  await writeAtomically(path, (file) => file.writeFile(bytes));
  return external === undefined ? [path] : [path, external];
}

const halfSuffix = '_float16';

function stored(name: string, { data, shape }: HostTensor, half: boolean): Stored {
  const bytesOf = (array: ArrayBufferView) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  if (half && data instanceof Float32Array)
    return { name: name + halfSuffix, shape, type: elementTypes.float16, bytes: bytesOf(toFloat16(data)) };
  const type = dataTypeOf(data);
  if (type === 'float64') throw new TypeError(`constant ${name} is float64, which no model of ours has`);
  return { name, shape, type: elementTypes[type], bytes: bytesOf(data) };
}

/** Back to float32 under the constant's own name. */
function castNodes(constants: readonly Stored[], graph: OnnxGraph): OnnxNode[] {
  return constants
    .filter(({ name }) => !graph.constants.has(name))
    .map(({ name }) => ({
      op: 'Cast',
      inputs: [name],
      outputs: [name.slice(0, -halfSuffix.length)],
      attributes: { to: { int: elementTypes.float32 } },
    }));
}

async function writeExternal(path: string, constants: readonly Stored[], offsets: Map<string, number>): Promise<void> {
  await writeAtomically(path, async (file) => {
    let at = 0;
    for (const { name, bytes } of constants) {
      if (bytes.byteLength < smallBytes) continue;
      const start = bytes.byteLength < pageBytes ? at : Math.ceil(at / pageBytes) * pageBytes;
      offsets.set(name, start);
      if (start > at) await file.writeFile(new Uint8Array(start - at));
      await file.writeFile(bytes); // behind what is there already
      at = start + bytes.byteLength;
    }
  });
}

function tensorMessage({ name, shape, type, bytes }: Stored, external: string | undefined, offset: number | undefined) {
  const common = { name, dims: [...shape], dataType: type };
  if (external === undefined || offset === undefined) return { ...common, rawData: bytes };
  const place = { location: basename(external), offset, length: bytes.byteLength };
  const externalData = Object.entries(place).map(([key, value]) => ({ key, value: String(value) }));
  return { ...common, dataLocation: externalLocation, externalData };
}

function nodeMessage({ op, inputs, outputs, attributes }: OnnxNode) {
  const attribute = Object.entries(attributes).map(([name, value]) => ({ name, ...attributeMessage(value) }));
  return { name: outputs[0], opType: op, input: [...inputs], output: [...outputs], attribute };
}

function attributeMessage(value: OnnxAttribute) {
  if (typeof value === 'string') return { type: attributeTypes.string, s: Buffer.from(value) };
  if ('int' in value) return { type: attributeTypes.int, i: value.int };
  if ('ints' in value) return { type: attributeTypes.ints, ints: [...value.ints] };
  return { type: attributeTypes.float, f: value.float };
}

function infoMessage({ name, type, shape }: OnnxValueInfo) {
  const dim = shape.map((side) => (typeof side === 'number' ? { dimValue: side } : { dimParam: side }));
  return { name, type: { tensorType: { elemType: elementTypes[type], shape: { dim } } } };
}

/** Constants worth halving: weights of products. Factors and summands are few, and count for much. */
const fewNumbers = 1024;

/** Names of the constants that {@link WriteOnnxOptions.halved} may name. */
export const weightsOf = (graph: OnnxGraph): Set<string> =>
  new Set(
    [...graph.constants]
      .filter(([, { data, shape }]) => data instanceof Float32Array && sizeOf(shape) >= fewNumbers)
      .map(([name]) => name),
  );
