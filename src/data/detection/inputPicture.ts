import { type RgbImage, rgbChannels } from '../image/image.js';
import { pillowResizeInto } from '../image/pillowResize.js';
import type { Size } from './inputSize.js';

/**
 * Makes what the network sees of a picture: resized to `input` at the top left of `shape`, black elsewhere.
 *
 * Training, evaluation and prediction all come through here, so that a picture has the same pixels in each.
 *
 * @param mirror left and right change places, within `input`
 * @param target [shape.height, shape.width, 3], all of it overwritten
 */
export function placeInput(image: RgbImage, input: Size, shape: Size, mirror: boolean, target: Uint8Array): void {
  const stride = shape.width * rgbChannels;
  const used = input.width * rgbChannels;
  pillowResizeInto(image, { ...input, filter: 'bilinear', mirror }, { data: target, offset: 0, stride });
  if (used < stride)
    for (let row = 0; row < input.height; row++) target.fill(0, row * stride + used, (row + 1) * stride);
  target.fill(0, input.height * stride);
}
