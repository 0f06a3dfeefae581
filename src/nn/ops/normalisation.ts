/** Layer and group normalisation. */
import * as tf from '@tensorflow/tfjs-core';
import { rawOp } from '../../tensorflow/backend.js';
import { fuse } from '../../tensorflow/fuse.js';
import { withGradient } from './gradient.js';
import { sumToLast } from './linear.js';

/** Mean of each row, [M, C] → [M, 1]: as a product with a column, which compiled code does faster than a sum. */
function rowMean(x: tf.Tensor): tf.Tensor {
  const columns = x.shape[1]!;
  return tf.matMul(x as tf.Tensor2D, tf.fill([columns, 1], 1 / columns));
}

/**
 * [M, C] → [M, C], each row to mean 0 and variance 1, then scaled and shifted by channel.
 *
 * Source: Ba et al., "Layer Normalization" (2016).
 */
export function layerNorm(x: tf.Tensor2D, weight: tf.Tensor1D, bias: tf.Tensor1D, epsilon: number): tf.Tensor2D {
  return withGradient(
    [x, weight, bias] as const,
    (keep) => {
      const body = (x: tf.Tensor2D, weight: tf.Tensor1D, bias: tf.Tensor1D, { epsilon }: { epsilon: number }) => {
        const mean = rowMean(x); // [M, 1]
        const centred = tf.sub(x, mean);
        const scale = tf.rsqrt(tf.add(rowMean(tf.square(centred)), epsilon)); // [M, 1]
        const y = tf.add<tf.Tensor2D>(tf.mul(tf.mul(centred, scale), weight), bias);
        return [y, mean, scale] as const;
      };
      const [y, mean, scale] = fuse('layerNorm', [x, weight, bias] as const, body, { epsilon });
      keep(x, mean, scale, weight);
      return y;
    },
    (dy, [x, mean, scale, weight]) => {
      const inputs = [dy, x!, mean!, scale!, weight!] as const;
      return fuse('layerNormGrad', inputs, (dy, x, mean, scale, weight) => {
        const normal = tf.mul(tf.sub(x, mean), scale);
        const dNormal = tf.mul(dy, weight);
        const alongNormal = tf.mul(normal, rowMean(tf.mul(dNormal, normal)));
        const dx = tf.mul(tf.sub(tf.sub(dNormal, rowMean(dNormal)), alongNormal), scale);
        return [dx, tf.sum(tf.mul(dy, normal), 0), tf.sum(dy, 0)] as [tf.Tensor, tf.Tensor, tf.Tensor];
      });
    },
  );
}

/**
 * [B, H, W, C] → the same, channels in groups, each group of each sample to mean 0 and variance 1.
 *
 * Source: Wu and He, "Group Normalization" (2018).
 */
export function groupNorm(
  x: tf.Tensor4D,
  weight: tf.Tensor1D,
  bias: tf.Tensor1D,
  groups: number,
  epsilon: number,
): tf.Tensor4D {
  const [batch, height, width, channels] = x.shape;
  const grouped = [batch, height * width, groups, channels / groups];
  const axes = [1, 3];
  return withGradient(
    [x, weight, bias] as const,
    (keep) => {
      const parts = tf.reshape(x, grouped);
      const centred = tf.sub(parts, tf.mean(parts, axes, true));
      const scale = tf.rsqrt(tf.add(tf.mean(tf.square(centred), axes, true), epsilon)); // [B, 1, G, 1]
      const normal = tf.reshape(tf.mul(centred, scale), x.shape);
      keep(normal, scale, weight);
      return rawOp<tf.Tensor4D>('BiasAdd', [tf.mul(normal, weight), bias]);
    },
    (dy, [normal, scale, gain]) => {
      const dNormal = tf.reshape(tf.mul(dy, gain!), grouped);
      const parts = tf.reshape(normal!, grouped);
      const meanGrad = tf.mean(dNormal, axes, true);
      const meanProduct = tf.mean(tf.mul(dNormal, parts), axes, true);
      const dx = tf.mul(tf.sub(tf.sub(dNormal, meanGrad), tf.mul(parts, meanProduct)), scale!);
      return [tf.reshape(dx, x.shape), sumToLast(tf.mul(dy, normal!)), sumToLast(dy)];
    },
  );
}
