/** What a classifier or a detector asks of the network in front of it. */
import type * as tf from '@tensorflow/tfjs-core';
import type { Size } from '../../geometry/size.js';
import type { ForwardContext, Module } from '../../nn/module.js';

/** Something of each of the four stages, fine to coarse. */
export type PerStage<T> = readonly [c2: T, c3: T, c4: T, c5: T];

/** C2 … C5: [B, H/s, W/s, C] each, with s = 4, 8, 16, 32. */
export type StageMaps = PerStage<tf.Tensor4D>;

/** Input pixels a cell of the four maps. */
export const stageStrides = [4, 8, 16, 32] as const;

export interface Backbone extends Module {
  /** Of the four maps. */
  readonly channels: PerStage<number>;
  /** Side, in pixels, of the square pictures that it is usually pretrained on. */
  readonly usualSize: number;
  /** What comes before the first stage. Freezing goes by these parts: the stem, then stage after stage. */
  readonly stem: Module;
  readonly stages: readonly Module[];

  /** [B, H, W, 3], normalised → C2 … C5. H and W are multiples of 32. */
  forward(x: tf.Tensor4D, ctx: ForwardContext): StageMaps;

  /** Makes training compute the activations of these stages, counted from 1, again in the backward pass, to save memory. */
  recompute(stages: readonly number[]): void;

  /** Multiply-accumulates for one picture. @param size in pixels; multiples of 32 */
  macs(size: Size): number;
}

/** A part of a backbone that goes from one map to the next. */
interface Step {
  forward(x: tf.Tensor4D, ctx: ForwardContext): tf.Tensor4D;
}

/** The maps of stages that follow a stem and each other. */
export function throughStages(stem: Step, stages: readonly Step[], x: tf.Tensor4D, ctx: ForwardContext): StageMaps {
  const maps: tf.Tensor4D[] = [];
  let y = stem.forward(x, ctx);
  for (const stage of stages) {
    y = stage.forward(y, ctx);
    maps.push(y);
  }
  return maps as unknown as StageMaps;
}

/** Cells of a map of a stride, for one picture; sides that it does not divide are rounded up. */
export const cellsAt = ({ height, width }: Size, stride: number): number =>
  Math.ceil(height / stride) * Math.ceil(width / stride);
