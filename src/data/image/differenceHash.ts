import { type RgbImage, rgbChannels } from './image.js';

/** Cells of the thumbnail that is compared: each with its right-hand neighbour. */
const columns = 17;
const rows = 16;
/** Of 255: a smaller difference is none, so that flat parts of a picture have no bits that noise decides. */
const leastStep = 4;

/** Words of a hash: 256 bits, 16 a word, each word a row of the thumbnail. */
export const hashWords = rows;

/**
 * What a picture looks like in 256 bits: whether each cell of a thumbnail of 17 x 16 is brighter than the one right of it
 * by more than noise.
 * Copies that differ in size, compression or brightness have nearly the same bits.
 *
 * Source: N. Krawetz, "Kind of Like That" (2013), dHash, with 16 rows in the place of 8.
 */
export function differenceHash({ data, width, height }: RgbImage): Uint16Array {
  const hash = new Uint16Array(hashWords);
  for (let row = 0; row < rows; row++) {
    let left = 0;
    for (let column = 0; column < columns; column++) {
      const brightness = cellMean(data, width, span(column, columns, width), span(row, rows, height));
      if (column > 0 && left > brightness + leastStep) hash[row] = hash[row]! | (1 << (column - 1));
      left = brightness;
    }
  }
  return hash;
}

/** Pixels of a cell, at least one. */
function span(cell: number, cells: number, pixels: number): readonly [from: number, to: number] {
  const from = Math.floor((cell * pixels) / cells);
  return [from, Math.max(from + 1, Math.floor(((cell + 1) * pixels) / cells))];
}

/** Mean luma (BT.601), in whole steps, so that noise below one is no difference. */
function cellMean(
  data: Uint8Array,
  width: number,
  [left, right]: readonly [number, number],
  [top, bottom]: readonly [number, number],
): number {
  let sum = 0;
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      const at = (y * width + x) * rgbChannels;
      sum += 0.299 * data[at]! + 0.587 * data[at + 1]! + 0.114 * data[at + 2]!;
    }
  }
  return Math.round(sum / ((right - left) * (bottom - top)));
}

/** Bits in which two hashes differ. */
export function hashDistance(a: Uint16Array, b: Uint16Array): number {
  let distance = 0;
  for (let word = 0; word < hashWords; word++) {
    for (let bits = a[word]! ^ b[word]!; bits !== 0; bits &= bits - 1) distance++;
  }
  return distance;
}
