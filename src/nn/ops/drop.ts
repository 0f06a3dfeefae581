/** Random drops, for training. */
import * as tf from '@tensorflow/tfjs-core';
import type { ForwardContext } from '../module.js';

/** Ones with probability `keep`, divided by `keep` so that the mean stays 1. */
const keepMask = (shape: readonly number[], keep: number, ctx: ForwardContext) =>
  tf.mul(tf.floor(tf.add(ctx.uniform(shape), keep)), 1 / keep);

/**
 * Drops whole samples of a residual branch.
 *
 * Source: Huang et al., "Deep Networks with Stochastic Depth" (2016), scaled as in timm.
 */
export function dropPath<T extends tf.Tensor>(x: T, rate: number, ctx: ForwardContext): T {
  if (!ctx.training || rate === 0) return x;
  const shape = x.shape.map((side, axis) => (axis === 0 ? side : 1));
  return tf.mul(x, keepMask(shape, 1 - rate, ctx)) as T;
}

/** Drops single numbers. Source: Srivastava et al., "Dropout" (2014). */
export function dropout<T extends tf.Tensor>(x: T, rate: number, ctx: ForwardContext): T {
  if (!ctx.training || rate === 0) return x;
  return tf.mul(x, keepMask(x.shape, 1 - rate, ctx)) as T;
}
