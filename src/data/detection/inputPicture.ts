import { type RgbImage, rgbChannels } from '../image/image.js';
import { pillowResizeInto } from '../image/pillowResize.js';
import type { Size } from './inputSize.js';
import type { PartMove } from './parts.js';

/**
 * Makes what the network sees of a picture: resized to `input` at the left top of `shape`, black elsewhere.
 *
 * Training, evaluation and prediction all come through here, so that a picture has the same pixels in each.
 *
 * @param pixels [shape.height, shape.width, 3], all of it overwritten
 */
export function placeInput(image: RgbImage, input: Size, shape: Size, pixels: Uint8Array): void {
  const part = { left: 0, top: 0, width: image.width, height: image.height };
  placePart(image, { part, target: { left: 0, top: 0, ...input }, mirror: false }, shape, pixels);
  clearAround(input, shape, pixels);
}

/** Fills the target of a move, and nothing else, with the part. @param pixels [shape.height, shape.width, 3] */
export function placePart(image: RgbImage, { part, target, mirror }: PartMove, shape: Size, pixels: Uint8Array): void {
  const { width, height } = target;
  const stride = shape.width * rgbChannels;
  const offset = target.top * stride + target.left * rgbChannels;
  pillowResizeInto(
    image,
    { width, height, filter: 'bilinear', source: part, mirror },
    { data: pixels, offset, stride },
  );
}

/** Blackens what is right of `input` and below it. @param pixels [shape.height, shape.width, 3] */
export function clearAround(input: Size, shape: Size, pixels: Uint8Array): void {
  const stride = shape.width * rgbChannels;
  const used = input.width * rgbChannels;
  if (used < stride)
    for (let row = 0; row < input.height; row++) pixels.fill(0, row * stride + used, (row + 1) * stride);
  pixels.fill(0, input.height * stride);
}
