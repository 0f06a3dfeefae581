/**
 * Pillow's `Image.rotate` and `Image.transform(AFFINE)` on 8-bit pictures, equal to the last bit.
 *
 * Source: Pillow, `libImaging/Geometry.c` and `Image.py`, read as specifications. The cubic here has a = -1, unlike that of
 * Pillow's resize (-0.5), and values are cut, not rounded.
 */
import type { RgbImage } from '../image/image.js';
import type { PillowFilter } from '../image/pillowResize.js';
import { pixelMemory } from '../image/pixelMemory.js';

export interface AffineOptions {
  readonly filter: PillowFilter;
  /** [red, green, blue] of pixels whose source lies outside the picture. */
  readonly fill: readonly [number, number, number];
}

/** Source position [x, y] = [a·x + b·y + c, d·x + e·y + f], of pixel centres (x + 0.5, y + 0.5). */
export type AffineMatrix = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

/** Turns around the middle, counter-clockwise for positive degrees; the size stays. */
export function rotate(image: RgbImage, degrees: number, options: AffineOptions): RgbImage {
  const positive = degrees % 360 < 0 ? (degrees % 360) + 360 : degrees % 360; // as Python's remainder, to the last bit
  const angle = -(positive * (Math.PI / 180));
  const cos = round15(Math.cos(angle));
  const sin = round15(Math.sin(angle));
  const [x, y] = [image.width / 2, image.height / 2];
  return affine(image, [cos, sin, cos * -x + sin * -y + x, -sin, cos, -sin * -x + cos * -y + y], options);
}

/** Row y reads from x + factor × y: its top stays where it is. */
export function shearX(image: RgbImage, factor: number, options: AffineOptions): RgbImage {
  return affine(image, [1, factor, 0, 0, 1, 0], options);
}

/** Column x reads from y + factor × x. */
export function shearY(image: RgbImage, factor: number, options: AffineOptions): RgbImage {
  return affine(image, [1, 0, 0, factor, 1, 0], options);
}

/** Moves the content left by `share` × width. */
export function translateX(image: RgbImage, share: number, options: AffineOptions): RgbImage {
  return affine(image, [1, 0, share * image.width, 0, 1, 0], options);
}

/** Moves the content up by `share` × height. */
export function translateY(image: RgbImage, share: number, options: AffineOptions): RgbImage {
  return affine(image, [1, 0, 0, 0, 1, share * image.height], options);
}

/** The picture seen through `matrix`, of the same size. */
export function affine(image: RgbImage, matrix: AffineMatrix, { filter, fill }: AffineOptions): RgbImage {
  const { width, height, data } = image;
  const [a, b, c, d, e, f] = matrix;
  const [red, green, blue] = fill;
  const sample = filter === 'bicubic' ? sampleBicubic : sampleBilinear;
  const out = pixelMemory(data.length);
  const position = new Float64Array(2); // as arguments of a call, V8 would allocate memory for both numbers of each pixel
  let to = 0;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++, to += 3) {
      const x = a * (column + 0.5) + b * (row + 0.5) + c;
      const y = d * (column + 0.5) + e * (row + 0.5) + f;
      if (x < 0 || x >= width || y < 0 || y >= height) {
        out[to] = red;
        out[to + 1] = green;
        out[to + 2] = blue;
      } else {
        position[0] = x - 0.5;
        position[1] = y - 0.5;
        sample(image, position, out, to);
      }
    }
  }
  return { data: out, width, height };
}

/** Writes the three channels at `position` [x, y], where (0, 0) is the centre of the first pixel. Neighbours outside repeat the border. */
function sampleBicubic({ data, width, height }: RgbImage, position: Float64Array, out: Uint8Array, to: number): void {
  const left = Math.floor(position[0]!) | 0;
  const top = Math.floor(position[1]!) | 0;
  const dx = position[0]! - left;
  const dy = position[1]! - top;
  const x0 = clamp(left - 1, width) * 3;
  const x1 = clamp(left, width) * 3;
  const x2 = clamp(left + 1, width) * 3;
  const x3 = clamp(left + 2, width) * 3;
  const row0 = clamp(top - 1, height) * width * 3;
  const row1 = clamp(top, height) * width * 3;
  const row2 = clamp(top + 1, height) * width * 3;
  const row3 = clamp(top + 2, height) * width * 3;
  for (let channel = 0; channel < 3; channel++) {
    let value = along(data, row1 + channel, x0, x1, x2, x3, dx);
    if (dy !== 0) {
      // Shears and shifts along x never come here: at a distance of 0 the other rows have weight 0.
      const v0 = along(data, row0 + channel, x0, x1, x2, x3, dx);
      const v2 = along(data, row2 + channel, x0, x1, x2, x3, dx);
      const v3 = along(data, row3 + channel, x0, x1, x2, x3, dx);
      value = cubic(v0, value, v2, v3, dy);
    }
    out[to + channel] = Math.max(0, Math.min(255, value)); // the store cuts the fraction
  }
}

/** The cubic along one row of one channel, whose bytes start at `at`; at a distance of 0 the pixel itself. */
function along(data: Uint8Array, at: number, x0: number, x1: number, x2: number, x3: number, dx: number): number {
  const v1 = data[at + x1]!;
  if (dx === 0) return v1;
  const v0 = data[at + x0]!;
  const v2 = data[at + x2]!;
  const v3 = data[at + x3]!;
  // As in `cubic`; of whole numbers, which are exact in any order and faster.
  const p2 = (v2 - v0) | 0;
  const p3 = (2 * (v0 - v1) + v2 - v3) | 0;
  const p4 = (v1 - v0 - v2 + v3) | 0;
  return v1 + dx * (p2 + dx * (p3 + dx * p4));
}

function sampleBilinear({ data, width, height }: RgbImage, position: Float64Array, out: Uint8Array, to: number): void {
  const left = Math.floor(position[0]!) | 0;
  const top = Math.floor(position[1]!) | 0;
  const dx = position[0]! - left;
  const dy = position[1]! - top;
  const x0 = clamp(left, width) * 3;
  const x1 = clamp(left + 1, width) * 3;
  const row0 = clamp(top, height) * width * 3;
  const row1 = clamp(top + 1, height) * width * 3;
  for (let channel = 0; channel < 3; channel++) {
    const upper = lerp(data[row0 + x0 + channel]!, data[row0 + x1 + channel]!, dx);
    const lower = lerp(data[row1 + x0 + channel]!, data[row1 + x1 + channel]!, dx);
    out[to + channel] = lerp(upper, lower, dy);
  }
}

/** Cubic through v1 at 0 and v2 at 1 with a = -1; in Horner form and in this order, which the cut below 1 can see. */
function cubic(v0: number, v1: number, v2: number, v3: number, d: number): number {
  const p2 = -v0 + v2;
  const p3 = 2 * (v0 - v1) + v2 - v3;
  const p4 = -v0 + v1 - v2 + v3;
  return v1 + d * (p2 + d * (p3 + d * p4));
}

function lerp(v0: number, v1: number, d: number): number {
  return v0 + (v1 - v0) * d;
}

function clamp(index: number, length: number): number {
  return index < 0 ? 0 : index >= length ? length - 1 : index;
}

/** To 15 decimals, as Pillow's rotation matrix. */
function round15(value: number): number {
  return Number(value.toFixed(15));
}
