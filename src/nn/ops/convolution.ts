/** Convolutions with PyTorch's symmetric padding, on TensorFlow's kernels: NHWC, filters HWIO. */

import * as tf from '@tensorflow/tfjs-core';
import { type RawAttribute, rawOp } from '../../tensorflow/backend.js';
import { withGradient } from './gradient.js';

export interface ConvOptions {
  /** @default 1 */
  readonly stride?: number;
  /** Rows and columns of zeros on each side. @default 0 */
  readonly padding?: number;
}

function attributes({ stride = 1, padding = 0 }: ConvOptions, kernel: number): Record<string, RawAttribute> {
  const common = { T: { type: 'float32' }, strides: { ints: [1, stride, stride, 1] } } as const;
  if (padding === 0) return { ...common, padding: 'VALID' };
  // With stride 1 and an odd kernel "SAME" is the same padding, and the kernels know it best.
  if (stride === 1 && 2 * padding === kernel - 1) return { ...common, padding: 'SAME' };
  return {
    ...common,
    padding: 'EXPLICIT',
    explicit_paddings: { ints: [0, 0, padding, padding, padding, padding, 0, 0] },
  };
}

const shapeTensor = (x: tf.Tensor) => tf.tensor1d(x.shape, 'int32');

/** [B, H, W, I] * [k, k, I, O] → [B, H', W', O], H' = ⌊(H + 2p - k) / s⌋ + 1. */
export function conv2d(x: tf.Tensor4D, filter: tf.Tensor4D, options: ConvOptions = {}): tf.Tensor4D {
  const attrs = attributes(options, filter.shape[0]);
  return withGradient(
    [x, filter] as const,
    (keep) => {
      keep(x, filter);
      return rawOp<tf.Tensor4D>('Conv2D', [x, filter], attrs);
    },
    (dy, [input, weight]) => [
      rawOp('Conv2DBackpropInput', [shapeTensor(input!), weight!, dy], attrs),
      rawOp('Conv2DBackpropFilter', [input!, shapeTensor(weight!), dy], attrs),
    ],
  );
}

/** [B, H, W, C] * [k, k, C, 1] → [B, H', W', C]: each channel has its own filter. */
export function depthwiseConv2d(x: tf.Tensor4D, filter: tf.Tensor4D, options: ConvOptions = {}): tf.Tensor4D {
  const attrs = attributes(options, filter.shape[0]);
  return withGradient(
    [x, filter] as const,
    (keep) => {
      keep(x, filter);
      return rawOp<tf.Tensor4D>('DepthwiseConv2dNative', [x, filter], attrs);
    },
    (dy, [input, weight]) => [
      rawOp('DepthwiseConv2dNativeBackpropInput', [shapeTensor(input!), weight!, dy], attrs),
      rawOp('DepthwiseConv2dNativeBackpropFilter', [input!, shapeTensor(weight!), dy], attrs),
    ],
  );
}
