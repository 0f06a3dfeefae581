import { type PixelRect, type RgbImage, rgbChannels } from './image.js';
import { ResizeKernel, type Taps } from './resizeKernel.js';

export type PillowFilter = 'bilinear' | 'bicubic';

export interface PillowResizeOptions {
  readonly width: number;
  readonly height: number;
  readonly filter: PillowFilter;
  /** Resizes this part alone, as if the picture were cropped to it first. Default: the whole picture. */
  readonly source?: PixelRect;
  /** Computes this part of the result alone: the same pixels as cropping afterwards, without the work. Default: all of it. */
  readonly window?: PixelRect;
  /** Mirrors the result left to right. Default: no. */
  readonly mirror?: boolean;
}

/** Where the pixels of a result go: a picture's place in a larger buffer. */
export interface PixelTarget {
  readonly data: Uint8Array;
  /** Byte of the first pixel. */
  readonly offset: number;
  /** Bytes from a row to the next. */
  readonly stride: number;
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
  const { width, height } = options.window ?? options;
  const stride = width * rgbChannels;
  const data = new Uint8Array(height * stride);
  pillowResizeInto(image, options, { data, offset: 0, stride });
  return { data, width, height };
}

/** As `pillowResize`, with the pixels written to a place of the caller's. */
export function pillowResizeInto(image: RgbImage, options: PillowResizeOptions, target: PixelTarget): void {
  const { width, height, filter, mirror = false } = options;
  const source = options.source ?? { left: 0, top: 0, width: image.width, height: image.height };
  const window = options.window ?? { left: 0, top: 0, width, height };
  checkInside('source', source, image.width, image.height);
  checkInside('window', window, width, height);

  const upright = filterTaps(source.width, width, window.left, window.width, filter);
  const columns = mirror ? mirrored(upright) : upright;
  const rows = filterTaps(source.height, height, window.top, window.height, filter);
  ResizeKernel.use((kernel) => {
    // Only the rows that the second pass reads: [rowCount, window.width, 3]
    const firstRow = rows.first[0]!;
    const rowCount = rows.first[window.height - 1]! + rows.count[window.height - 1]! - firstRow;
    const needed = { ...source, top: source.top + firstRow, height: rowCount };
    const narrowed = columnPass(kernel, image, needed, columns);
    const shifted = { ...rows, first: rows.first.map((row) => row - firstRow) };
    rowPass(kernel, narrowed, window.width * rgbChannels, shifted, target);
  });
}

/** Rows at a time that take about this many bytes: they stay in the processor's cache, and the kernel's memory stays small. */
const stripBytes = 128 * 1024;

/** [part.height, part.width, 3] -> address of [part.height, columns, 3]. */
function columnPass(kernel: ResizeKernel, image: RgbImage, part: PixelRect, columns: AxisTaps): number {
  const rowBytes = part.width * rgbChannels;
  const resultBytes = columns.first.length * rgbChannels;
  const result = kernel.allocate((part.height + 1) * resultBytes); // the second pass reads a row more
  const taps = kernel.store(columns);
  const stripRows = Math.max(1, Math.floor(stripBytes / rowBytes));
  const strip = kernel.allocate(stripRows * rowBytes);
  for (let top = 0; top < part.height; top += stripRows) {
    const rows = Math.min(stripRows, part.height - top);
    const to = result + top * resultBytes;
    const copied = { ...part, top: part.top + top, height: rows };
    if (columns.identity) {
      copyRows(
        image,
        { ...copied, left: part.left + columns.first[0]!, width: columns.first.length },
        kernel.view(to, rows * resultBytes),
      );
      continue;
    }
    copyRows(image, copied, kernel.view(strip, rows * rowBytes));
    kernel.resampleColumns(strip, rowBytes, rows, to, taps);
  }
  return result;
}

/** Part of a picture, packed. */
function copyRows(
  { data, width }: RgbImage,
  { left, top, width: columns, height }: PixelRect,
  target: Uint8Array,
): void {
  const bytes = columns * rgbChannels;
  const start = (top * width + left) * rgbChannels;
  if (columns === width) target.set(data.subarray(start, start + height * bytes));
  else
    for (let y = 0; y < height; y++) {
      const from = start + y * width * rgbChannels;
      target.set(data.subarray(from, from + bytes), y * bytes);
    }
}

/** V8 copies into shared memory by words where both sides begin equally far from one, and by bytes elsewhere. */
const wordBytes = 8;
const beyondWord = (address: number) => address % wordBytes;

/** [any, bytes] at `source` -> [rows, bytes] in the target. */
function rowPass(kernel: ResizeKernel, source: number, bytes: number, rows: AxisTaps, target: PixelTarget): void {
  const { data, offset, stride } = target;
  const taps = kernel.store(rows);
  // The strip is laid out so that its rows begin as far from a word as the target's.
  const stripStride = bytes + beyondWord(wordBytes + beyondWord(stride) - beyondWord(bytes));
  const stripRows = Math.max(1, Math.floor(stripBytes / stripStride));
  const strip = kernel.allocate(wordBytes + stripRows * stripStride);
  for (let top = 0; top < rows.first.length; top += stripRows) {
    const count = Math.min(stripRows, rows.first.length - top);
    const place = offset + top * stride;
    const from = rows.identity
      ? { address: source + (rows.first[0]! + top) * bytes, stride: bytes }
      : { address: strip + beyondWord(data.byteOffset + place), stride: stripStride };
    if (!rows.identity)
      kernel.resampleRows(
        source,
        bytes,
        { target: from.address, targetStride: stripStride, from: top, rows: count },
        taps,
      );
    const result = kernel.view(from.address, (count - 1) * from.stride + bytes);
    if (stride === bytes) data.set(result, place);
    else
      for (let y = 0; y < count; y++)
        data.set(result.subarray(y * from.stride, y * from.stride + bytes), place + y * stride);
  }
}

interface AxisTaps extends Taps {
  /** Each pixel is its own only tap, one after the other, so the pass is a copy. */
  readonly identity: boolean;
}

/** The same pixels from the last to the first. */
function mirrored({ first, count, weights, stride }: AxisTaps): AxisTaps {
  const turned = new Int32Array(weights.length);
  const last = first.length - 1;
  for (let i = 0; i <= last; i++)
    turned.set(weights.subarray((last - i) * stride, (last - i + 1) * stride), i * stride);
  return { first: first.toReversed(), count: count.toReversed(), weights: turned, stride, identity: false };
}

const fractionBits = 22; // 32 - 8 for the pixel - 2 for overshoot and sign

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
function filterTaps(from: number, to: number, start: number, length: number, name: PillowFilter): AxisTaps {
  const scale = from / to;
  const filterScale = Math.max(scale, 1);
  const identity = from === to;
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

function checkInside(name: string, rect: PixelRect, width: number, height: number): void {
  const { left, top } = rect;
  const inside = left >= 0 && top >= 0 && left + rect.width <= width && top + rect.height <= height;
  if (inside && rect.width > 0 && rect.height > 0) return;
  throw new RangeError(
    `pillowResize: ${name} ${rect.width} x ${rect.height} at (${left}, ${top}) is empty or leaves ${width} x ${height}`,
  );
}
