/** Pooling. */
import * as tf from '@tensorflow/tfjs-core';
import { rawOp } from '../../tensorflow/backend.js';
import { withGradient } from './gradient.js';

export interface PoolOptions {
  /** Side of the window. */
  readonly kernel: number;
  readonly stride: number;
  /** Rows and columns added on each side. They never win, since they are zero and the map is not negative. */
  readonly padding: number;
}

/**
 * The largest value of each window: [B, H, W, C] → [B, H', W', C], H' = ⌊(H + 2p - k) / s⌋ + 1.
 *
 * @param x not negative anywhere, as after a rectifier
 */
export function maxPool(x: tf.Tensor4D, { kernel, stride, padding }: PoolOptions): tf.Tensor4D {
  const attributes = {
    T: { type: 'float32' },
    ksize: { ints: [1, kernel, kernel, 1] },
    strides: { ints: [1, stride, stride, 1] },
    padding: 'VALID',
  } as const;
  const sides = [padding, padding] as [number, number];
  const padded = padding === 0 ? x : tf.pad(x, [[0, 0], sides, sides, [0, 0]]);
  return withGradient(
    [padded] as const,
    (keep) => {
      const y = rawOp<tf.Tensor4D>('MaxPool', [padded], attributes);
      keep(padded, y);
      return y;
    },
    (dy, [input, output]) => [rawOp('MaxPoolGrad', [input!, output!, dy], attributes)],
  );
}
