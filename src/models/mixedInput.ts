/** Random erasing, mixup and CutMix, inside the graph: they come after normalisation, and there they cost next to nothing. */
import * as tf from '@tensorflow/tfjs-core';
import type { ForwardContext } from '../nn/module.js';

/**
 * Fills a part of each picture with noise, N(0, 1) for each value. [B, H, W, 3] → [B, H, W, 3]
 *
 * Source: Zhong et al., "Random Erasing Data Augmentation" (2020), in timm's mode `pixel`.
 *
 * @param x normalised pictures
 * @param parts [B, 4] int32: top, left, bottom, right in pixels, the last two not included; all 0 for none
 */
export function eraseWithNoise(x: tf.Tensor4D, parts: tf.Tensor2D, ctx: Pick<ForwardContext, 'uniform'>): tf.Tensor4D {
  const mask = rectangles(parts, x.shape); // [B, H, W, 1]
  return tf.add(tf.mul(x, tf.sub(1, mask)), tf.mul(standardNormal(x.shape, ctx), mask));
}

/**
 * Mixes each picture of a batch with the one half a batch away. B is even. [B, H, W, 3] → [B, H, W, 3]
 *
 * Every value becomes `blend × own + (1 - blend) × partner`; then the partner's values take the part `cut`.
 *
 * Source: Zhang et al., "mixup" (2018), and Yun et al., "CutMix" (2019), as timm mixes batches. What is drawn, and how the
 * targets are mixed: data/augment/mix.ts.
 *
 * @param blend [B]: 1 where nothing is blended
 * @param cut [B, 4] int32: top, left, bottom, right in pixels, the last two not included; all 0 for nothing
 */
export function mixHalves(x: tf.Tensor4D, blend: tf.Tensor1D, cut: tf.Tensor2D): tf.Tensor4D {
  const [first, second] = tf.split(x, 2) as [tf.Tensor4D, tf.Tensor4D];
  const partner = tf.concat([second, first]); // [B, H, W, 3]
  const own = tf.reshape(blend, [-1, 1, 1, 1]);
  const blended = tf.add(tf.mul(x, own), tf.mul(partner, tf.sub(1, own)));
  const mask = rectangles(cut, x.shape); // [B, H, W, 1]
  return tf.add(tf.mul(blended, tf.sub(1, mask)), tf.mul(partner, mask));
}

/** 1 inside of each rectangle and 0 outside: [N, 4] top, left, bottom, right → [N, H, W, 1] */
function rectangles(corners: tf.Tensor2D, [, height, width]: [number, number, number, number]): tf.Tensor4D {
  const [top, left, bottom, right] = tf.split(corners, 4, 1); // [N, 1] each
  const rows = within(height, top!, bottom!); // [N, H]
  const columns = within(width, left!, right!); // [N, W]
  const count = corners.shape[0];
  return tf.mul(tf.reshape(rows, [count, height, 1, 1]), tf.reshape(columns, [count, 1, width, 1]));
}

/** [N, 1] from, to → [N, length]: 1 at the places from .. to - 1 */
function within(length: number, from: tf.Tensor, to: tf.Tensor): tf.Tensor {
  const places = tf.range(0, length, 1, 'int32');
  return tf.cast(tf.logicalAnd(tf.greaterEqual(places, from), tf.less(places, to)), 'float32');
}

/** By the Box-Muller transform (Box and Muller, 1958). */
function standardNormal(shape: readonly number[], ctx: Pick<ForwardContext, 'uniform'>): tf.Tensor {
  const radius = tf.sqrt(tf.mul(tf.log(tf.sub(1, ctx.uniform(shape))), -2)); // uniform in [0, 1), so the log is finite
  return tf.mul(radius, tf.cos(tf.mul(ctx.uniform(shape), 2 * Math.PI)));
}
