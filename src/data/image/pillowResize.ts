import type { RgbImage } from './image.js';

export type PillowFilter = 'bilinear' | 'bicubic';

/** Whole pixels: columns `left` .. `left + width - 1`, rows `top` .. `top + height - 1`. */
export interface PixelRect {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export interface PillowResizeOptions {
  readonly width: number;
  readonly height: number;
  readonly filter: PillowFilter;
  /** Resizes this part alone, as if the picture were cropped to it first. Default: the whole picture. */
  readonly source?: PixelRect;
  /** Computes this part of the result alone: the same pixels as cropping afterwards, without the work. Default: all of it. */
  readonly window?: PixelRect;
}

/**
 * Pillow's `Image.resize` for 8-bit pictures, equal to the last bit.
 *
 * Two passes, columns then rows, with the result of the first rounded to 8 bits; the filter widens when shrinking
 * (antialiasing); weights in fixed point with 22 fractional bits.
 *
 * Source: Pillow, `src/libImaging/Resample.c`, read as a specification. The cubic has a = -0.5, not the -0.75 of
 * `torch.nn.functional.interpolate` and OpenCV. Columns always come first, as in every Pillow up to 12, with which the
 * published results were made; Pillow 13 begins with the rows where they shrink more (its pull request 9549), which changes
 * some pixels by one.
 */
export function pillowResize(image: RgbImage, options: PillowResizeOptions): RgbImage {
  const { width, height, filter } = options;
  const source = options.source ?? { left: 0, top: 0, width: image.width, height: image.height };
  const window = options.window ?? { left: 0, top: 0, width, height };
  checkInside('source', source, image.width, image.height);
  checkInside('window', window, width, height);

  const columns = filterTaps(source.width, width, window.left, window.width, filter);
  const rows = filterTaps(source.height, height, window.top, window.height, filter);
  const firstRow = rows.first[0]!; // only the rows that the second pass reads
  const rowCount = rows.first[window.height - 1]! + rows.count[window.height - 1]! - firstRow;

  const narrowed = new Uint8Array(rowCount * window.width * 3);
  for (let y = 0; y < rowCount; y++) {
    const from = ((source.top + firstRow + y) * image.width + source.left) * 3;
    if (columns.identity) {
      const start = from + window.left * 3;
      narrowed.set(image.data.subarray(start, start + window.width * 3), y * window.width * 3);
    } else {
      resampleRow(image.data, from, narrowed, y * window.width * 3, columns);
    }
  }
  if (rows.identity) return { data: narrowed, width: window.width, height: window.height };
  return { data: resampleRows(narrowed, window.width * 3, firstRow, rows), width: window.width, height: window.height };
}

/** For each pixel of the result along one axis: which pixels it reads, and their weights × 2^22. */
interface Taps {
  readonly first: Int32Array;
  readonly count: Int32Array;
  /** Weights of result pixel i start at i × stride. */
  readonly weights: Int32Array;
  readonly stride: number;
  readonly identity: boolean;
}

const fractionBits = 22; // 32 - 8 for the pixel - 2 for overshoot and sign
const half = 1 << (fractionBits - 1);

/** Filter shapes, and how far they reach at scale 1. */
const filters = {
  bilinear: { support: 1, at: (x: number) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: { support: 2, at: (x: number) => cubic(Math.abs(x)) },
} as const;

/** Keys' cubic with a = -0.5, x ≥ 0; in Horner form and in this order, as the last bits of the weights depend on it. */
function cubic(x: number): number {
  const a = -0.5;
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

/** Taps of results `start` .. `start + length - 1` when `from` pixels become `to`. */
function filterTaps(from: number, to: number, start: number, length: number, name: PillowFilter): Taps {
  const scale = from / to;
  const filterScale = Math.max(scale, 1);
  const identity = from === to; // then each pixel is its own only tap, and the pass can be left out
  const support = identity ? 0.5 : filters[name].support * filterScale;
  const inverse = 1 / filterScale;
  const stride = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(length);
  const count = new Int32Array(length);
  const weights = new Int32Array(length * stride);
  const exact = new Float64Array(stride);
  for (let i = 0; i < length; i++) {
    const centre = (start + i + 0.5) * scale;
    const low = Math.max(0, Math.trunc(centre - support + 0.5));
    const taps = Math.min(from, Math.trunc(centre + support + 0.5)) - low;
    let sum = 0;
    for (let k = 0; k < taps; k++) {
      exact[k] = filters[name].at((k + low - centre + 0.5) * inverse);
      sum += exact[k]!;
    }
    for (let k = 0; k < taps; k++) {
      const weight = (exact[k]! / sum) * (1 << fractionBits);
      weights[i * stride + k] = Math.trunc(weight < 0 ? weight - 0.5 : weight + 0.5);
    }
    first[i] = low;
    count[i] = taps;
  }
  return { first, count, weights, stride, identity };
}

/** One row of pixels, along the row: reads `data` from `from` on, writes taps.first.length pixels. */
function resampleRow(data: Uint8Array, from: number, out: Uint8Array, to: number, taps: Taps): void {
  const { first, count, weights, stride } = taps;
  for (let i = 0; i < first.length; i++) {
    let red = half;
    let green = half;
    let blue = half;
    let at = from + first[i]! * 3;
    const end = i * stride + count[i]!;
    for (let k = i * stride; k < end; k++, at += 3) {
      const weight = weights[k]!;
      red = (red + Math.imul(data[at]!, weight)) | 0;
      green = (green + Math.imul(data[at + 1]!, weight)) | 0;
      blue = (blue + Math.imul(data[at + 2]!, weight)) | 0;
    }
    const pixel = to + i * 3;
    out[pixel] = clip8(red >> fractionBits);
    out[pixel + 1] = clip8(green >> fractionBits);
    out[pixel + 2] = clip8(blue >> fractionBits);
  }
}

/**
 * All rows, across rows of `length` bytes; `data` begins at row `firstRow`.
 *
 * Four taps at a time: that halves the time, as the sums are read and written once for four.
 */
function resampleRows(data: Uint8Array, length: number, firstRow: number, taps: Taps): Uint8Array {
  const { first, count, weights, stride } = taps;
  const out = new Uint8Array(first.length * length);
  const sums = new Int32Array(length);
  for (let y = 0; y < first.length; y++) {
    sums.fill(half);
    let row = (first[y]! - firstRow) * length;
    let k = y * stride;
    const end = k + count[y]!;
    for (; k + 4 <= end; k += 4, row += 4 * length) {
      const [w0, w1, w2, w3] = [weights[k]!, weights[k + 1]!, weights[k + 2]!, weights[k + 3]!];
      const [row1, row2, row3] = [row + length, row + 2 * length, row + 3 * length];
      for (let i = 0; i < length; i++) {
        const pair = Math.imul(data[row + i]!, w0) + Math.imul(data[row1 + i]!, w1);
        sums[i] = sums[i]! + pair + Math.imul(data[row2 + i]!, w2) + Math.imul(data[row3 + i]!, w3);
      }
    }
    for (; k < end; k++, row += length) {
      const weight = weights[k]!;
      for (let i = 0; i < length; i++) sums[i] = sums[i]! + Math.imul(data[row + i]!, weight);
    }
    for (let i = 0, to = y * length; i < length; i++, to++) out[to] = clip8(sums[i]! >> fractionBits);
  }
  return out;
}

function clip8(value: number): number {
  return Math.max(0, Math.min(255, value));
}

function checkInside(name: string, rect: PixelRect, width: number, height: number): void {
  const { left, top } = rect;
  const inside = left >= 0 && top >= 0 && left + rect.width <= width && top + rect.height <= height;
  if (inside && rect.width > 0 && rect.height > 0) return;
  throw new RangeError(
    `pillowResize: ${name} ${rect.width} x ${rect.height} at (${left}, ${top}) is empty or leaves ${width} x ${height}`,
  );
}
