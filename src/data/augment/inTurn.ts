import type { RgbImage } from '../image/image.js';
import { recycle } from '../image/pixelMemory.js';

/**
 * Applies steps one after the other, each to the result of the one before; what lies between is given back to `pixelMemory`.
 *
 * @param apply gives a new picture, whose memory it shares with nothing
 */
export function applyInTurn<Step>(
  image: RgbImage,
  steps: readonly Step[],
  apply: (image: RgbImage, step: Step) => RgbImage,
): RgbImage {
  let result = image;
  for (const step of steps) {
    const next = apply(result, step);
    if (result !== image) recycle(result);
    result = next;
  }
  return result;
}
