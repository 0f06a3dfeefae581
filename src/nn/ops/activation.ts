/** Non-linearities with gradients of few, large operations. */
import * as tf from '@tensorflow/tfjs-core';
import { rawOp } from '../../tensorflow/backend.js';
import { fuse } from '../../tensorflow/fuse.js';
import { withGradient } from './gradient.js';

const inverseSqrt2 = Math.SQRT1_2;
const inverseSqrt2Pi = 1 / Math.sqrt(2 * Math.PI);

/** Φ(x) of the standard normal distribution. */
const cdf = (x: tf.Tensor) => tf.mul(tf.add(tf.erf(tf.mul(x, inverseSqrt2)), 1), 0.5);
const density = (x: tf.Tensor) => tf.mul(tf.exp(tf.mul(tf.square(x), -0.5)), inverseSqrt2Pi);

/** x Φ(x) */
export const geluValue = <T extends tf.Tensor>(x: T): T => tf.mul(x, cdf(x));
/** Φ(x) + x φ(x) */
export const geluSlope = (x: tf.Tensor): tf.Tensor => tf.add(cdf(x), tf.mul(x, density(x)));

/**
 * Gaussian error linear unit, exact: x Φ(x) with Φ from erf.
 *
 * Source: Hendrycks and Gimpel, "Gaussian Error Linear Units" (2016).
 */
export function gelu<T extends tf.Tensor>(x: T): T {
  return withGradient(
    [x] as const,
    (keep) => {
      keep(x);
      return fuse('gelu', [x] as const, (x) => [geluValue(x) as T] as const)[0];
    },
    (dy, [x]) => fuse('geluGrad', [dy, x!] as const, (dy, x) => [tf.mul(dy, geluSlope(x))] as const),
  );
}

/** gelu(x) · scale + shift by channel, [..., C] and [C]: GELU with a normalisation after it, for inference; it has no gradient. */
export function affineGelu<T extends tf.Tensor>(x: T, scale: tf.Tensor1D, shift: tf.Tensor1D): T {
  return fuse('affineGelu', [x, scale, shift] as const, (x, scale, shift) => [
    tf.add(tf.mul(geluValue(x), scale), shift) as T,
  ])[0]!;
}

/** x σ(x). Source: Elfwing et al., "Sigmoid-Weighted Linear Units" (2017); PyTorch's SiLU. */
export function silu<T extends tf.Tensor>(x: T): T {
  return withGradient(
    [x] as const,
    (keep) => {
      const gate = tf.sigmoid(x);
      keep(x, gate);
      return tf.mul(x, gate) as T;
    },
    (dy, [input, gate]) => [tf.mul(dy, tf.mul(gate!, tf.add(1, tf.mul(input!, tf.sub(1, gate!)))))],
  );
}

const floats = { T: { type: 'float32' } } as const;

/** max(x, 0). */
export function relu<T extends tf.Tensor>(x: T): T {
  return withGradient(
    [x] as const,
    (keep) => {
      const y = rawOp<T>('Relu', [x], floats);
      keep(y);
      return y;
    },
    (dy, [y]) => [rawOp('ReluGrad', [dy, y!], floats)],
  );
}
