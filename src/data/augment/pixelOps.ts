/**
 * Pillow's `ImageOps` and `ImageEnhance` on 8-bit pictures, equal to the last bit: the colour operations of RandAugment
 * and of colour jitter. Each gives a new picture and leaves its input alone.
 *
 * Sources: Pillow's `ImageOps.py`, `ImageEnhance.py`, `libImaging/{Blend,Convert,Filter}.c`, read as specifications.
 */
import type { RgbImage } from '../image/image.js';
import { pixelMemory } from '../image/pixelMemory.js';

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
  const source = image.data;
  const grey = luma(image);
  const scaled = scaledDifferences(factor);
  const data = pixelMemory(source.length);
  for (let i = 0, at = 0; i < grey.length; i++, at += 3) {
    const degenerate = grey[i]!;
    data[at] = blended(source[at]!, degenerate, scaled);
    data[at + 1] = blended(source[at + 1]!, degenerate, scaled);
    data[at + 2] = blended(source[at + 2]!, degenerate, scaled);
  }
  return { ...image, data };
}

/** Contrast around the rounded mean of the luma: 0 gives that grey, 1 the picture itself. */
export function adjustContrast(image: RgbImage, factor: number): RgbImage {
  const grey = luma(image);
  let sum = 0;
  for (let i = 0; i < grey.length; i++) sum += grey[i]!;
  return blendWithValue(image, factor, Math.floor(sum / grey.length + 0.5));
}

/** Brightness: 0 gives black, 1 the picture itself. */
export function adjustBrightness(image: RgbImage, factor: number): RgbImage {
  return blendWithValue(image, factor, 0);
}

/** Sharpness: 0 gives the picture smoothed by (1 1 1; 1 5 1; 1 1 1) / 13, 1 the picture itself, 2 a sharper one. */
export function adjustSharpness(image: RgbImage, factor: number): RgbImage {
  const source = image.data;
  const degenerate = smoothed(image);
  const scaled = scaledDifferences(factor);
  const data = pixelMemory(source.length);
  for (let i = 0; i < data.length; i++) data[i] = blended(source[i]!, degenerate[i]!, scaled);
  return { ...image, data };
}

const identity = (value: number) => value;

/** The same function of the value in all channels. */
function mapValues(image: RgbImage, map: (value: number) => number): RgbImage {
  const source = image.data;
  const table = Uint8Array.from({ length: 256 }, (_, value) => map(value));
  const data = pixelMemory(source.length);
  for (let i = 0; i < data.length; i++) data[i] = table[source[i]!]!;
  return { ...image, data };
}

/** A function of the value per channel, made from the histogram of that channel (256 counts). */
function mapChannels(image: RgbImage, make: (histogram: Uint32Array) => (value: number) => number): RgbImage {
  const source = image.data;
  const histograms = [0, 1, 2].map(() => new Uint32Array(256)) as [Uint32Array, Uint32Array, Uint32Array];
  const [reds, greens, blues] = histograms;
  for (let i = 0; i < source.length; i += 3) {
    reds[source[i]!]!++;
    greens[source[i + 1]!]!++;
    blues[source[i + 2]!]!++;
  }
  const [red, green, blue] = histograms.map((histogram) => {
    const map = make(histogram);
    return Uint8Array.from({ length: 256 }, (_, value) => map(value));
  }) as [Uint8Array, Uint8Array, Uint8Array];
  const data = pixelMemory(source.length);
  for (let i = 0; i < source.length; i += 3) {
    data[i] = red[source[i]!]!;
    data[i + 1] = green[source[i + 1]!]!;
    data[i + 2] = blue[source[i + 2]!]!;
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

/** `degenerate + factor × (image - degenerate)`, where the degenerate picture has one value everywhere. */
function blendWithValue(image: RgbImage, factor: number, degenerate: number): RgbImage {
  const scaled = scaledDifferences(factor);
  return mapValues(image, (value) => blended(value, degenerate, scaled));
}

/** What a difference of -255 .. 255 becomes: [511]. */
function scaledDifferences(factor: number): Float32Array {
  const weight = Math.fround(factor);
  return Float32Array.from({ length: 511 }, (_, i) => weight * (i - 255));
}

/**
 * `degenerate + factor × (value - degenerate)`, cut to a whole number and to 0 .. 255.
 *
 * In 32-bit floats, rounded after each operation, because that decides which whole number the cut gives.
 */
function blended(value: number, degenerate: number, scaled: Float32Array): number {
  const whole = Math.fround(degenerate + scaled[value - degenerate + 255]!) | 0;
  return Math.max(0, Math.min(255, whole));
}

/** Of sums of weighted values: sum ÷ 13 to the nearest whole number; a half cannot occur. */
const thirteenth = Uint8Array.from({ length: 13 * 255 + 1 }, (_, sum) => Math.floor((2 * sum + 13) / 26));

/** The 3 × 3 smoothing. Pixels of the border stay, as do pictures of less than three rows or columns. */
function smoothed({ data, width, height }: RgbImage): Uint8Array {
  const out = data.slice();
  const row = width * 3;
  for (let y = 1; y < height - 1; y++) {
    for (let i = y * row + 3; i < (y + 1) * row - 3; i++) {
      const above = data[i - row - 3]! + data[i - row]! + data[i - row + 3]!;
      const below = data[i + row - 3]! + data[i + row]! + data[i + row + 3]!;
      const sum = above + below + data[i - 3]! + data[i + 3]! + 5 * data[i]!;
      out[i] = thirteenth[sum]!;
    }
  }
  return out;
}
