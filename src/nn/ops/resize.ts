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
    (dy) => [rawOp('ResizeNearestNeighborGrad', [dy, tf.tensor1d([fromHeight, fromWidth], 'int32')], options)],
  );
}
