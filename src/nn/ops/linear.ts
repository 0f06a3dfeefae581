/** Matrix products and biases. */
import * as tf from '@tensorflow/tfjs-core';
import { rawOp } from '../../tensorflow/backend.js';
import { fuses } from '../../tensorflow/fuse.js';
import { withGradient } from './gradient.js';

const product = (a: tf.Tensor, b: tf.Tensor, transposeA: boolean, transposeB: boolean): tf.Tensor2D =>
  rawOp('MatMul', [a, b], { T: { type: 'float32' }, transpose_a: transposeA, transpose_b: transposeB });

/** [M, I] · [I, O] → [M, O]. */
export function matMul2d(x: tf.Tensor2D, weight: tf.Tensor2D): tf.Tensor2D {
  return withGradient(
    [x, weight] as const,
    (keep) => {
      keep(x, weight);
      return product(x, weight, false, false);
    },
    (dy, [input, w]) => [product(dy, w!, false, true), product(input!, dy, true, false)],
  );
}

const floats = { T: { type: 'float32' } } as const;

/** [..., C] + [C] → [..., C]. */
export function biasAdd<T extends tf.Tensor>(x: T, bias: tf.Tensor1D): T {
  return withGradient(
    [x, bias] as const,
    () => rawOp<T>('BiasAdd', [x, bias], floats),
    (dy) => [dy, sumToLast(dy)],
  );
}

/**
 * Sum over all axes but the last: [..., C] → [C].
 *
 * On a CPU as a product with ones, which reads a large map at the speed of memory, as TensorFlow's kernels for sums do not.
 */
export function sumToLast(x: tf.Tensor): tf.Tensor1D {
  if (!fuses(x.size)) return rawOp('BiasAddGrad', [x], floats);
  const channels = x.shape.at(-1)!;
  const rows = x.size / channels;
  return tf.reshape(product(tf.ones([1, rows]), tf.reshape(x, [rows, channels]), false, false), [channels]);
}

/** [..., I] · [I, O] + [O], where there is a bias, → [..., O]. */
export function linear<T extends tf.Tensor>(x: T, weight: tf.Tensor2D, bias: tf.Tensor1D | undefined): T {
  const [inputs, outputs] = weight.shape;
  const product = matMul2d(tf.reshape(x, [-1, inputs]), weight);
  const y = bias === undefined ? product : biasAdd(product, bias);
  return tf.reshape(y, [...x.shape.slice(0, -1), outputs]) as T;
}
