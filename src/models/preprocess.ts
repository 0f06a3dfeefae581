/** From pixels to the network's input, inside the graph. */
import * as tf from '@tensorflow/tfjs-core';

/** ImageNet's channel means and deviations, red, green, blue, of values 0 … 255. */
export const pixelMean = [123.675, 116.28, 103.53] as const;
export const pixelDeviation = [58.395, 57.12, 57.375] as const;

/** [B, H, W, 3] pixels 0 … 255 → the same, normalised by channel. */
export function normalisePixels(pixels: tf.Tensor4D): tf.Tensor4D {
  const inverse = pixelDeviation.map((deviation) => 1 / deviation);
  return tf.mul(tf.sub(pixels, tf.tensor1d([...pixelMean])), tf.tensor1d(inverse));
}

/** The way back from `normalisePixels`, on the host: to 8 bits. */
export function toPixels(normalised: Float32Array): Uint8ClampedArray {
  const pixels = new Uint8ClampedArray(normalised.length); // rounds, and clips to 0 .. 255
  for (const [i, value] of normalised.entries()) pixels[i] = value * pixelDeviation[i % 3]! + pixelMean[i % 3]!;
  return pixels;
}

/**
 * Zeros outside of the pictures: padding has to be zero after normalisation, as in detectron2 and mmdet.
 *
 * @param images [B, H, W, 3], normalised
 * @param sizes [B, 2] int32: height and width of each picture
 */
export function maskPadding(images: tf.Tensor4D, sizes: tf.Tensor2D): tf.Tensor4D {
  const [batch, height, width] = images.shape;
  const [heights, widths] = tf.split(sizes, 2, 1); // [B, 1] each
  const rows = tf.cast(tf.less(tf.range(0, height, 1, 'int32'), heights!), 'float32'); // [B, H]
  const columns = tf.cast(tf.less(tf.range(0, width, 1, 'int32'), widths!), 'float32'); // [B, W]
  const mask = tf.mul(tf.reshape(rows, [batch, height, 1, 1]), tf.reshape(columns, [batch, 1, width, 1]));
  return tf.mul(images, mask);
}
