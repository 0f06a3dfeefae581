/** Pictures on their way into a detector: the same for training, measuring, detecting and previews. */
import type * as tf from '@tensorflow/tfjs-core';
import { inputPicture } from '../data/detection/inputPicture.js';
import { type RgbImage, rgbChannels } from '../data/image/image.js';
import type { InputRule } from '../geometry/size.js';
import type { HostTensor } from '../tensorflow/hostTensor.js';
import { maskPadding, normalisePixels } from './preprocess.js';

/** Pictures as a loader makes them. */
export interface DetectorInput {
  /** [B, H, W, 3] 8-bit sRGB; H and W multiples of 32. May be longer: a loader's memory is for its largest batch. */
  readonly images: Uint8Array;
  readonly batchSize: number;
  readonly height: number;
  readonly width: number;
  /** [B, 2] height and width of the pictures before padding. */
  readonly inputSizes: Int32Array;
}

/** One picture as a batch. */
export function singleInput(image: RgbImage, rule: InputRule): DetectorInput {
  const { pixels, shape, input } = inputPicture(image, rule);
  return { images: pixels, batchSize: 1, ...shape, inputSizes: Int32Array.of(input.height, input.width) };
}

/** What {@link detectionInput} needs of a batch. */
export function pictureFeed({
  images,
  batchSize,
  height,
  width,
  inputSizes,
}: DetectorInput): Record<'images' | 'sizes', HostTensor> {
  return {
    images: {
      data: images.subarray(0, batchSize * height * width * rgbChannels),
      shape: [batchSize, height, width, rgbChannels],
    },
    sizes: { data: inputSizes, shape: [batchSize, 2] },
  };
}

/** [B, H, W, 3] that the network sees of a batch. `inputs` as {@link pictureFeed} names them. */
export function detectionInput({ images, sizes }: Readonly<Record<string, tf.Tensor>>): tf.Tensor4D {
  return maskPadding(normalisePixels(images as tf.Tensor4D), sizes as tf.Tensor2D);
}
