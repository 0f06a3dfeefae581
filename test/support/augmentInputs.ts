import type { RgbImage } from '../../src/data/image/image.js';
import { noiseImage } from './images.js';

/** `((x*5 + y*3 + c*40) % 256)` over the [height, width, 3] indices y, x, c. */
function ramp(width: number, height: number): RgbImage {
  const value = (i: number) => (Math.floor(i / 3) % width) * 5 + Math.floor(i / 3 / width) * 3 + (i % 3) * 40;
  return { data: Uint8Array.from({ length: width * height * 3 }, (_, i) => value(i)), width, height };
}

const noise = noiseImage(23, 17);

/**
 * The pictures that were given to Pillow 11.3.0 too, whose results the tests hold as digests, in this order: noise, noise
 * between 40 and 125, and two ramps.
 */
export const pillowInputs: readonly RgbImage[] = [
  noise,
  { ...noise, data: noise.data.map((value) => Math.floor(value / 3) + 40) },
  ramp(23, 17),
  ramp(5, 40),
];
