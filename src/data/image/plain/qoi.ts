/** The Quite OK Image Format (https://qoiformat.org/qoi-specification.pdf). Alpha is dropped. */
import type { RgbImage } from '../image.js';
import { checkLength, checkSides, emptyImage, type PlainPicture } from './plainPicture.js';

const headerBytes = 14;
const endBytes = 8;
const longestRun = 62;

export const isQoi = (bytes: Uint8Array): boolean => String.fromCharCode(...bytes.subarray(0, 4)) === 'qoif';

/** @throws Error where the header is cut off, or says what no such file has */
export function openQoi(bytes: Uint8Array, maxPixels: number): PlainPicture {
  checkLength(bytes, headerBytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const width = view.getUint32(4);
  const height = view.getUint32(8);
  checkSides(width, height, maxPixels);
  if (bytes[12] !== 3 && bytes[12] !== 4) throw new Error(`${bytes[12]} channels`);
  return { width, height, decode: () => decode(bytes, width, height) };
}

function decode(bytes: Uint8Array, width: number, height: number): RgbImage {
  checkLength(bytes, headerBytes + Math.ceil((width * height) / longestRun) + endBytes); // before any memory is taken
  const image = emptyImage(width, height);
  const { data } = image;
  const end = bytes.length - endBytes;
  const seen = new Uint8Array(64 * 4);
  let [r, g, b, a] = [0, 0, 0, 255];
  let at = headerBytes;
  for (let to = 0; to < data.length; ) {
    if (at >= end) throw new Error(`${to / 3} pixels of ${data.length / 3}`);
    const op = bytes[at++]!;
    let run = 1;
    if (op === 0xfe || op === 0xff) {
      [r, g, b] = [bytes[at]!, bytes[at + 1]!, bytes[at + 2]!];
      if (op === 0xff) a = bytes[at + 3]!;
      at += op === 0xff ? 4 : 3;
    } else if (op >> 6 === 0) {
      const i = op * 4;
      [r, g, b, a] = [seen[i]!, seen[i + 1]!, seen[i + 2]!, seen[i + 3]!];
    } else if (op >> 6 === 1) {
      r = (r + ((op >> 4) & 3) - 2) & 255;
      g = (g + ((op >> 2) & 3) - 2) & 255;
      b = (b + (op & 3) - 2) & 255;
    } else if (op >> 6 === 2) {
      const green = (op & 63) - 32;
      const others = bytes[at++]!;
      r = (r + green - 8 + (others >> 4)) & 255;
      g = (g + green) & 255;
      b = (b + green - 8 + (others & 15)) & 255;
    } else run = (op & 63) + 1;
    if (at > end) throw new Error(`${to / 3} pixels of ${data.length / 3}`);
    seen.set([r, g, b, a], ((r * 3 + g * 5 + b * 7 + a * 11) % 64) * 4);
    for (; run > 0 && to < data.length; run--) {
      data[to++] = r;
      data[to++] = g;
      data[to++] = b;
    }
  }
  return image;
}
