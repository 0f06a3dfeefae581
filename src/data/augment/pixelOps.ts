/**
 * Pillow's `ImageOps` and `ImageEnhance` on 8-bit pictures, equal to the last bit: the colour operations of RandAugment
 * and of colour jitter. Each gives a new picture and leaves its input alone.
 *
 * Sources: Pillow's `ImageOps.py`, `ImageEnhance.py`, `libImaging/{Blend,Convert,Filter}.c`, read as specifications.
 */
import type { RgbImage } from '../image/image.js';

export function invert(image: RgbImage): RgbImage {
  return mapValues(image, (value) => 255 - value);
}

/** Keeps the highest `bits` bits of each value: 8 changes nothing, 0 gives black. */
export function posterize(image: RgbImage, bits: number): RgbImage {
  const mask = 256 - 2 ** (8 - bits);
  return mapValues(image, (value) => value & mask);
}

/** Inverts the values from `threshold` on: 256 changes nothing, 0 inverts all. */
export function solarize(image: RgbImage, threshold: number): RgbImage {
  return mapValues(image, (value) => (value < threshold ? value : 255 - value));
}

/** Brightens the dark half: values below 128 get `add`, up to 255. */
export function solarizeAdd(image: RgbImage, add: number): RgbImage {
  return mapValues(image, (value) => (value < 128 ? Math.min(255, value + add) : value));
}

/** Stretches each channel to 0 .. 255. A channel of one value stays. */
export function autoContrast(image: RgbImage): RgbImage {
  return mapChannels(image, (histogram) => {
    const low = histogram.findIndex((count) => count > 0);
    const high = histogram.findLastIndex((count) => count > 0);
    if (high <= low) return identity;
    const scale = 255 / (high - low);
    const offset = -low * scale;
    return (value) => Math.max(0, Math.min(255, Math.trunc(value * scale + offset)));
  });
}

/** Flattens the histogram of each channel. A channel of one value, or of too few pixels to make 255 steps, stays. */
export function equalize(image: RgbImage): RgbImage {
  return mapChannels(image, (histogram) => {
    const total = image.width * image.height;
    const last = histogram[histogram.findLastIndex((count) => count > 0)]!;
    const step = Math.floor((total - last) / 255);
    if (step === 0) return identity; // one value only: total = last
    const table = new Uint8Array(256);
    let sum = Math.floor(step / 2);
    for (let value = 0; value < 256; value++) {
      table[value] = Math.min(255, Math.floor(sum / step));
      sum += histogram[value]!;
    }
    return (value) => table[value]!;
  });
}

/** Saturation: 0 gives grey, 1 the picture itself. */
export function adjustColor(image: RgbImage, factor: number): RgbImage {
  const grey = luma(image);
  return blend(image, factor, (i) => grey[Math.floor(i / 3)]!);
}

/** Contrast around the rounded mean of the luma: 0 gives that grey, 1 the picture itself. */
export function adjustContrast(image: RgbImage, factor: number): RgbImage {
  const grey = luma(image);
  const mean = Math.floor(grey.reduce((sum, value) => sum + value, 0) / grey.length + 0.5);
  return blend(image, factor, () => mean);
}

/** Brightness: 0 gives black, 1 the picture itself. */
export function adjustBrightness(image: RgbImage, factor: number): RgbImage {
  return blend(image, factor, () => 0);
}

/** Sharpness: 0 gives the picture smoothed by (1 1 1; 1 5 1; 1 1 1) / 13, 1 the picture itself, 2 a sharper one. */
export function adjustSharpness(image: RgbImage, factor: number): RgbImage {
  const smooth = smoothed(image);
  return blend(image, factor, (i) => smooth[i]!);
}

const identity = (value: number) => value;

/** The same function of the value in all channels. */
function mapValues(image: RgbImage, map: (value: number) => number): RgbImage {
  const table = Uint8Array.from({ length: 256 }, (_, value) => map(value));
  const data = new Uint8Array(image.data.length);
  for (let i = 0; i < data.length; i++) data[i] = table[image.data[i]!]!;
  return { ...image, data };
}

/** A function of the value per channel, made from the histogram of that channel (256 counts). */
function mapChannels(image: RgbImage, make: (histogram: Uint32Array) => (value: number) => number): RgbImage {
  const data = new Uint8Array(image.data.length);
  for (let channel = 0; channel < 3; channel++) {
    const histogram = new Uint32Array(256);
    for (let i = channel; i < data.length; i += 3) histogram[image.data[i]!]!++;
    const map = make(histogram);
    const table = Uint8Array.from({ length: 256 }, (_, value) => map(value));
    for (let i = channel; i < data.length; i += 3) data[i] = table[image.data[i]!]!;
  }
  return { ...image, data };
}

/** ITU-R 601 luma in 16-bit fixed point, [height, width]: Pillow's `convert('L')`. */
function luma({ data }: RgbImage): Uint8Array {
  const grey = new Uint8Array(data.length / 3);
  for (let i = 0, at = 0; i < grey.length; i++, at += 3) {
    grey[i] = (data[at]! * 19595 + data[at + 1]! * 38470 + data[at + 2]! * 7471 + 0x8000) >> 16;
  }
  return grey;
}

/**
 * `degenerate + factor × (image - degenerate)`, cut to a whole number and to 0 .. 255.
 *
 * In 32-bit floats, rounded after each operation, because that decides which whole number the cut gives.
 */
function blend(image: RgbImage, factor: number, degenerate: (i: number) => number): RgbImage {
  const data = new Uint8ClampedArray(image.data.length);
  const weight = Math.fround(factor);
  for (let i = 0; i < data.length; i++) {
    const base = degenerate(i);
    data[i] = Math.trunc(Math.fround(base + Math.fround(weight * (image.data[i]! - base))));
  }
  return { ...image, data: new Uint8Array(data.buffer) };
}

/** The 3 × 3 smoothing. Pixels of the border stay, as do pictures of less than three rows or columns. */
function smoothed({ data, width, height }: RgbImage): Uint8Array {
  const out = data.slice();
  const row = width * 3;
  for (let y = 1; y < height - 1; y++) {
    for (let i = y * row + 3; i < (y + 1) * row - 3; i++) {
      const above = data[i - row - 3]! + data[i - row]! + data[i - row + 3]!;
      const below = data[i + row - 3]! + data[i + row]! + data[i + row + 3]!;
      const sum = above + below + data[i - 3]! + data[i + 3]! + 5 * data[i]!;
      out[i] = Math.floor((2 * sum + 13) / 26); // sum / 13 to the nearest; a half cannot occur
    }
  }
  return out;
}
