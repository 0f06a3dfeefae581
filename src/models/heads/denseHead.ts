/** What a detector asks of its head: the network's last part, and what is learnt and read at each place of its maps. */
import * as tf from '@tensorflow/tfjs-core';
import type { ScoredBoxes } from '../../detection/postprocess.js';
import type { LabelledBoxes } from '../../geometry/boxes.js';
import type { Size } from '../../geometry/size.js';
import type { Module } from '../../nn/module.js';
import { gatherRows } from '../../nn/ops/gather.js';
import { addWhole, divideWhole } from '../../nn/ops/wholeNumbers.js';
import { rawOps } from '../../tensorflow/backend.js';
import type { HostTensor } from '../../tensorflow/hostTensor.js';

/** A loss as the sum of its parts, which are logged by name. */
export type LossParts<P extends string> = Readonly<Record<P, tf.Scalar>>;

/** What a head says of the places of one level, by name: [B, places, ...]. */
export type LevelOutput<N extends string = string> = Readonly<Record<N, tf.Tensor>>;

/** The same of one picture, after the graph has run. */
export type LevelArrays<N extends string = string> = Readonly<Record<N, Float32Array | Int32Array>>;

/** The true boxes of one picture of a batch, in input pixels. */
export interface PictureTargets extends LabelledBoxes {
  /** Of the picture, after resizing and before padding. */
  readonly size: Size;
}

/**
 * A head that predicts at every place of the pyramid: at each anchor, or at each point.
 *
 * `forward`, `loss` and `candidates` record operations; `match`, `feed` and `decode` work on plain arrays, for the padded size
 * of a batch. Names of outputs, of what is fed and of candidates are the head's own affair.
 *
 * @template O names of a level's outputs
 * @template C names of a level's candidates
 */
export interface DenseHead<O extends string = string, C extends string = string> extends Module {
  /** K */
  readonly classes: number;

  /** Levels [B, H, W, C], fine to coarse → one output a level. */
  forward(levels: readonly tf.Tensor4D[]): LevelOutput<O>[];

  /**
   * Which place learns which box of a picture: for each place, in the order level, row, column, the box's index, or less than 0.
   *
   * @param padded size of the batch
   */
  match(boxes: Float32Array, size: Size, padded: Size): Int32Array;

  /**
   * What `loss` needs of a batch, ready to be fed. Scalars are normalisers: where several workers train together, `loss` gets
   * their mean.
   *
   * @param padded size of the batch
   */
  feed(targets: readonly PictureTargets[], padded: Size): Record<string, HostTensor>;

  /** The loss of a batch. @param fed as `feed` names it */
  loss(outputs: readonly LevelOutput<O>[], fed: Readonly<Record<string, tf.Tensor>>): LossParts<string>;

  /** The best `count` of a level's scores, and what else `decode` needs of each: [B, count, ...]. */
  candidates(output: LevelOutput<O>, count: number): LevelOutput<C>;

  /** The boxes, in input pixels, of one picture's candidates whose scores exceed the threshold. @param padded size of the batch */
  decode(levels: readonly LevelArrays<C>[], padded: Size, scoreThreshold: number): ScoredBoxes;

  /** Multiply-accumulates for one picture. @param cells of each level */
  macs(cells: readonly number[]): number;
}

/** Output `name` of all levels, side by side: [B, R, ...]. */
export function joined<T extends tf.Tensor, N extends string>(levels: readonly LevelOutput<N>[], name: N): T {
  const parts = levels.map((level) => level[name]) as T[];
  return parts.length === 1 ? parts[0]! : tf.concat<T>(parts, 1);
}

/**
 * The best scores of a level, found in the graph: so that 192,000 anchors of 80 classes never come to JavaScript.
 *
 * @param logits [B, P, K] of P places
 * @param ofEach what else belongs to a place: [B, P, n] by name
 * @returns scores [B, k], after the sigmoid; indices [B, k], place · K + label; `ofEach` at these places, [B, k, n]
 */
export function bestPlaces<N extends string>(
  logits: tf.Tensor3D,
  ofEach: Readonly<Record<N, tf.Tensor3D>>,
  count: number,
): LevelOutput<N | 'scores' | 'indices'> {
  const [batch, places, classes] = logits.shape;
  const k = Math.min(count, places * classes);
  const flat = tf.reshape(logits, [batch, places * classes]);
  const [best, indices] = rawOps('TopKV2', [flat, tf.scalar(k, 'int32')], { T: { type: 'float32' }, sorted: true }, 2);
  const place = divideWhole(indices!, tf.scalar(classes, 'int32')); // [B, k]
  const first = tf.range(0, batch * places, places, 'int32');
  const rows = addWhole(place, tf.reshape(first, [batch, 1]));
  const picked = Object.entries<tf.Tensor3D>(ofEach).map(([name, values]) => {
    const flatValues = tf.reshape(values, [batch * places, values.shape[2]]);
    return [name, gatherRows<tf.Tensor>(flatValues, rows)]; // [B, k, n]
  });
  return { scores: tf.sigmoid(best!), indices: indices!, ...(Object.fromEntries(picked) as Record<N, tf.Tensor>) };
}
