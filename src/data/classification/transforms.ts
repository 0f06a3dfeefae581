/** From a decoded picture to the square input of the network, in 8 bits. */
import type { Random } from '../../random.js';
import { applyColorJitter, drawColorJitter } from '../augment/colorJitter.js';
import { applyOperations, drawRandAugment, imagenetMeanColor, type RandAugmentPolicy } from '../augment/randAugment.js';
import { drawErasing, type RandomErasingOptions } from '../augment/randomErasing.js';
import { drawResizedCrop, type RandomResizedCropOptions } from '../augment/randomResizedCrop.js';
import { type PixelRect, type RgbImage, rgbChannels } from '../image/image.js';
import { type PillowFilter, pillowResize, pillowResizeInto } from '../image/pillowResize.js';

/** What is done to a picture for training; keys of a config's `data` section. */
export interface TrainTransform {
  /** Side of the input, in pixels. */
  readonly size: number;
  readonly interpolation: PillowFilter;
  readonly crop: RandomResizedCropOptions;
  /** Probability of a horizontal flip. */
  readonly flip: number;
  readonly randAugment: RandAugmentPolicy | null;
  /** Strength; 0 for none. */
  readonly colorJitter: number;
  readonly erasing: RandomErasingOptions;
}

/** What is done to a picture for measuring; keys of a config's `data` section. */
export interface EvaluationTransform {
  /** Side of the input, in pixels. */
  readonly size: number;
  readonly interpolation: PillowFilter;
  /** The short side becomes size ÷ this before the centre is cut out. */
  readonly cropFraction: number;
}

export interface TrainView {
  /** [size, size, 3] */
  readonly image: RgbImage;
  /** The part to be replaced by noise after normalisation, if any. */
  readonly erase: PixelRect | undefined;
}

/** A random view of a picture: a crop of it, as `viewOfCrop` finishes it. */
export function trainView(
  picture: RgbImage,
  transform: TrainTransform,
  random: Random,
  pixels?: Uint8Array,
): TrainView {
  const crop = drawResizedCrop(picture.width, picture.height, random, transform.crop);
  return viewOfCrop(picture, crop, transform, random, pixels);
}

/**
 * Order: resize the crop, flip, RandAugment, colour jitter; then, in the network's input, erasing.
 *
 * @param pixels [size, size, 3] to resize into; the view is there unless something came after the flip
 */
export function viewOfCrop(
  picture: RgbImage,
  source: PixelRect,
  transform: TrainTransform,
  random: Random,
  pixels: Uint8Array = new Uint8Array(transform.size ** 2 * rgbChannels),
): TrainView {
  const { size, interpolation, flip, randAugment, colorJitter, erasing } = transform;
  const mirror = random.bool(flip);
  const options = { width: size, height: size, filter: interpolation, source, mirror };
  pillowResizeInto(picture, options, { data: pixels, offset: 0, stride: size * rgbChannels });
  let image: RgbImage = { data: pixels, width: size, height: size };
  if (randAugment) {
    const affine = { filter: interpolation, fill: imagenetMeanColor };
    image = applyOperations(image, drawRandAugment(randAugment, random), affine);
  }
  if (colorJitter > 0) image = applyColorJitter(image, drawColorJitter(colorJitter, random));
  return { image, erase: drawErasing(size, erasing, random) };
}

/**
 * The centre of a picture, as accuracy on ImageNet is measured: short side to ⌊size ÷ cropFraction⌋, then size × size.
 *
 * Source: torchvision's `Resize` and `CenterCrop` on Pillow pictures, which DeiT's and the CMT authors' code use.
 */
export function evaluationView(
  picture: RgbImage,
  { size, interpolation, cropFraction }: EvaluationTransform,
): RgbImage {
  const { width, height } = resizedShortSide(picture, Math.trunc(size / cropFraction));
  const left = halfToEven(width - size);
  const top = halfToEven(height - size);
  return pillowResize(picture, {
    width,
    height,
    filter: interpolation,
    window: { left, top, width: size, height: size },
  });
}

/** Short side `side`; the long one in proportion, cut to whole pixels. */
export function resizedShortSide(
  { width, height }: { width: number; height: number },
  side: number,
): { width: number; height: number } {
  return width <= height
    ? { width: side, height: Math.trunc((side * height) / width) }
    : { width: Math.trunc((side * width) / height), height: side };
}

/** Half of a whole number, and of two equally near ones the even one: Python's `round(n / 2)`. */
export function halfToEven(n: number): number {
  const half = Math.floor(n / 2);
  return n % 2 === 0 || half % 2 === 0 ? half : half + 1;
}
