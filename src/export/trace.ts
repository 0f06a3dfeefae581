/** What of a model is exported: its inference, recorded with its weights. */
import type * as tf from '@tensorflow/tfjs-core';
import { ExportError } from '../errors.js';
import type { Size } from '../geometry/size.js';
import { type Backbone, stageStrides } from '../models/backbones/backbone.js';
import { Cmt } from '../models/backbones/cmt.js';
import { GridBias } from '../models/backbones/positionBias/gridBias.js';
import { rowsOf } from '../models/backbones/positionBias/positionBias.js';
import type { Classifier } from '../models/classifier.js';
import type { Detector } from '../models/detector.js';
import type { DetectorNetwork } from '../models/detectorNetwork.js';
import { inference } from '../nn/module.js';
import type { Interpolation } from '../nn/resample.js';
import { FrozenFunction, type InputSpec } from '../tensorflow/frozen.js';

export interface TraceOptions {
  readonly batch: number;
  readonly size: Size;
  /** Position biases become inputs, as they are for each size of picture another. */
  readonly biasInputs: boolean;
}

/** A position bias that is an input of the graph. */
export interface BiasInput {
  readonly name: string;
  readonly bias: GridBias;
  readonly resample: Interpolation;
  /** Input pixels a cell of the queries' and of the keys' map. */
  readonly stride: number;
  readonly keyStride: number;
}

export interface TracedModel {
  readonly frozen: FrozenFunction;
  readonly biasInputs: readonly BiasInput[];
}

/** Numbers of a detector's levels: 3 for P3. */
export const levelsOf = ({ neck }: DetectorNetwork): number[] => neck.strides.map(Math.log2);

/** Name of an output of a level: `logits_p3`. */
export const levelOutput = (output: string, level: number): string => `${output}_p${level}`;

/** What the head says of normalised and padded pictures [B, H, W, 3], by {@link levelOutput}. */
export function headOutputs(network: DetectorNetwork, x: tf.Tensor4D): Record<string, tf.Tensor> {
  const levels = levelsOf(network);
  const outputs = network
    .forward(x, inference)
    .flatMap((output, i) =>
      Object.entries<tf.Tensor>({ ...output }).map(
        ([name, tensor]) => [levelOutput(name, levels[i]!), tensor] as const,
      ),
    );
  return Object.fromEntries(outputs);
}

/** Input `normalised` [B, H, W, 3], sides multiples of 32; outputs by {@link levelOutput}. */
export function traceDetector({ model }: Detector, options: TraceOptions): TracedModel {
  return traced(model.backbone, options, (x) => headOutputs(model, x));
}

/** Input `normalised` [B, H, W, 3], output `logits` [B, K]. */
export function traceClassifier({ model }: Classifier, options: TraceOptions): TracedModel {
  return traced(model.backbone, options, (x) => ({ logits: model.forward(x, inference) }));
}

function traced(
  backbone: Backbone,
  { batch, size, biasInputs }: TraceOptions,
  fn: (normalised: tf.Tensor4D) => Record<string, tf.Tensor>,
): TracedModel {
  const normalised: InputSpec = { dtype: 'float32', shape: [batch, size.height, size.width, 3] };
  const biases = biasInputs ? biasesOf(backbone) : [];
  const specs = biases.map((bias) => [bias.name, biasSpec(bias, size)] as const);
  const frozen = new FrozenFunction(
    (inputs) => withBiases(backbone, biases, inputs, () => fn(inputs.normalised as tf.Tensor4D)),
    { normalised, ...Object.fromEntries(specs) },
  );
  return { frozen, biasInputs: biases };
}

/** @throws ExportError where a bias cannot be fitted outside of the graph */
function biasesOf(backbone: Backbone): BiasInput[] {
  if (!(backbone instanceof Cmt)) return [];
  return backbone.stages.flatMap(({ positionBias, reduction }, s) => {
    if (positionBias === undefined) return [];
    if (!(positionBias instanceof GridBias) || positionBias.resample === 'flattened')
      throw new ExportError('this kind of position bias belongs to one size of picture; give it with --size');
    const stride = stageStrides[s]!;
    const { resample } = positionBias;
    return [{ name: `bias_c${s + 2}`, bias: positionBias, resample, stride, keyStride: stride * reduction }];
  });
}

function biasSpec({ bias, stride, keyStride }: BiasInput, { height, width }: Size): InputSpec {
  const cells = (pixels: number) => (height / pixels) * (width / pixels);
  return { dtype: 'float32', shape: [bias.shape[0]!, cells(stride), cells(keyStride)] };
}

/** Runs `fn` with inputs in place of the biases. */
function withBiases<T>(
  backbone: Backbone,
  biases: readonly BiasInput[],
  inputs: Readonly<Record<string, tf.Tensor>>,
  fn: () => T,
): T {
  if (biases.length === 0 || !(backbone instanceof Cmt)) return fn();
  const stages = backbone.stages.filter(({ positionBias }) => positionBias !== undefined);
  const own = stages.map(({ positionBias }) => positionBias);
  try {
    for (const [i, stage] of stages.entries()) {
      const bias = inputs[biases[i]!.name] as tf.Tensor3D;
      stage.positionBias = { fitted: () => () => bias, fittedByRows: (queries) => () => rowsOf(bias, queries) };
    }
    return fn();
  } finally {
    for (const [i, stage] of stages.entries()) stage.positionBias = own[i];
  }
}
