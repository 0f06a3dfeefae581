/** Resizing of maps. */
import * as tf from '@tensorflow/tfjs-core';
import { rawOp } from '../../tensorflow/backend.js';
import { withGradient } from './gradient.js';

const options = { T: { type: 'float32' }, align_corners: false, half_pixel_centers: false } as const;

/** Nearest neighbour to a given size, index ⌊i · from / to⌋: [B, H, W, C] → [B, h, w, C]. */
export function resizeNearest(x: tf.Tensor4D, height: number, width: number): tf.Tensor4D {
  const [, fromHeight, fromWidth] = x.shape;
  if (fromHeight === height && fromWidth === width) return x;
  return withGradient(
    [x] as const,
    () => rawOp<tf.Tensor4D>('ResizeNearestNeighbor', [x, tf.tensor1d([height, width], 'int32')], options),
    (dy) => [
      height % fromHeight === 0 && width % fromWidth === 0
        ? sumOfTiles(dy, height / fromHeight, width / fromWidth)
        : rawOp('ResizeNearestNeighborGrad', [dy, tf.tensor1d([fromHeight, fromWidth], 'int32')], options),
    ],
  );
}

/** Sums of tiles: [B, h·H, w·W, C] → [B, H, W, C]. TensorFlow's gradient does the same, but XLA cannot compile that one for a GPU. */
function sumOfTiles(x: tf.Tensor4D, h: number, w: number): tf.Tensor4D {
  const window = { ints: [1, h, w, 1] };
  const mean = rawOp<tf.Tensor4D>('AvgPool', [x], {
    T: { type: 'float32' },
    ksize: window,
    strides: window,
    padding: 'VALID',
    data_format: 'NHWC',
  });
  return tf.mul(mean, h * w);
}
