/**
 * Windows bitmaps, of OS/2's header and Windows' from version 1 to 5: 1, 4, 8, 16, 24 and 32 bits a pixel, run lengths, masks.
 * (Microsoft Learn, "Bitmap Storage", BITMAPINFOHEADER, BITMAPV5HEADER, "Bitmap Compression".)
 */
import type { RgbImage } from '../image.js';
import { checkLength, checkSides, emptyImage, type PlainPicture } from './plainPicture.js';

const fileHeader = 14;
const rgb = 0;
const rle8 = 1;
const rle4 = 2;
const bitFields = new Set([3, 6]);

interface Layout {
  readonly width: number;
  readonly height: number;
  readonly topDown: boolean;
  readonly bits: number;
  readonly compression: number;
  /** [R, G, B] bits of a pixel of 16 or 32. */
  readonly masks: readonly number[];
  /** Bytes of a colour: 4, OS/2's 3. */
  readonly paletteAt: number;
  readonly paletteBytes: number;
  readonly colours: number;
  readonly pixelsAt: number;
}

export const isBmp = (bytes: Uint8Array): boolean => bytes[0] === 0x42 && bytes[1] === 0x4d;

/** @throws Error where the header is cut off, or of a kind that is not read */
export function openBmp(bytes: Uint8Array, maxPixels: number): PlainPicture {
  const layout = readLayout(bytes);
  checkSides(layout.width, layout.height, maxPixels);
  return { width: layout.width, height: layout.height, decode: () => decode(bytes, layout) };
}

function readLayout(bytes: Uint8Array): Layout {
  checkLength(bytes, fileHeader + 12);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const pixelsAt = view.getUint32(10, true);
  const headerBytes = view.getUint32(fileHeader, true);
  if (headerBytes === 12) {
    const bits = view.getUint16(24, true);
    const sides = { width: view.getUint16(18, true), height: view.getUint16(20, true) };
    const palette = { paletteAt: fileHeader + 12, paletteBytes: 3, colours: bits <= 8 ? 2 ** bits : 0 };
    return checkKind({
      ...sides,
      topDown: false,
      bits,
      compression: rgb,
      masks: usualMasks(bits),
      ...palette,
      pixelsAt,
    });
  }
  if (headerBytes < 40 || headerBytes > 124) throw new Error(`a header of ${headerBytes} bytes`);
  checkLength(bytes, fileHeader + headerBytes);
  const height = view.getInt32(22, true);
  const bits = view.getUint16(28, true);
  const compression = view.getUint32(30, true);
  const hasMasks = bitFields.has(compression);
  // Masks follow the oldest header and are part of the later ones, at the same place.
  if (hasMasks) checkLength(bytes, 66);
  const masks = hasMasks ? [54, 58, 62].map((at) => view.getUint32(at, true)) : usualMasks(bits);
  const afterMasks = headerBytes === 40 && hasMasks ? (compression === 6 ? 16 : 12) : 0;
  const used = view.getUint32(46, true);
  return checkKind({
    width: view.getInt32(18, true),
    height: Math.abs(height),
    topDown: height < 0,
    bits,
    compression,
    masks,
    paletteAt: fileHeader + headerBytes + afterMasks,
    paletteBytes: 4,
    colours: bits <= 8 ? Math.min(used || 2 ** bits, 2 ** bits) : 0,
    pixelsAt,
  });
}

const usualMasks = (bits: number) => (bits === 16 ? [0x7c00, 0x3e0, 0x1f] : [0xff0000, 0xff00, 0xff]);

function checkKind(layout: Layout): Layout {
  const { bits, compression } = layout;
  const isKnown =
    (compression === rgb && [1, 4, 8, 16, 24, 32].includes(bits)) ||
    (compression === rle8 && bits === 8 && !layout.topDown) ||
    (compression === rle4 && bits === 4 && !layout.topDown) ||
    (bitFields.has(compression) && (bits === 16 || bits === 32));
  if (!isKnown) throw new Error(`${bits} bits a pixel with compression ${compression}, which is not read`);
  return layout;
}

function decode(bytes: Uint8Array, layout: Layout): RgbImage {
  const { width, height, topDown, bits, compression, pixelsAt } = layout;
  const stride = Math.ceil((width * bits) / 32) * 4;
  const isPacked = compression === rle8 || compression === rle4;
  // Before any memory is taken. The padding of the last row may be missing.
  if (!isPacked) checkLength(bytes, pixelsAt + stride * (height - 1) + Math.ceil((width * bits) / 8));
  const image = emptyImage(width, height);
  if (bits <= 8) {
    const indices = isPacked ? runLengths(bytes, layout) : undefined;
    paint(image, palette(bytes, layout), (row, column) => {
      const line = topDown ? row : height - 1 - row;
      if (indices) return indices[line * width + column]!;
      const at = column * bits;
      const byte = bytes[pixelsAt + line * stride + (at >> 3)]!;
      return (byte >> (8 - bits - (at & 7))) & (2 ** bits - 1);
    });
    return image;
  }
  const channels = bits === 24 ? undefined : layout.masks.map(channelOf);
  let to = 0;
  for (let row = 0; row < height; row++) {
    let from = pixelsAt + (topDown ? row : height - 1 - row) * stride;
    for (let column = 0; column < width; column++, from += bits / 8) {
      if (channels === undefined) {
        for (let c = 2; c >= 0; c--) image.data[to++] = bytes[from + c]!;
        continue;
      }
      const low = bytes[from]! | (bytes[from + 1]! << 8);
      const pixel = bits === 16 ? low : (low | (bytes[from + 2]! << 16) | (bytes[from + 3]! << 24)) >>> 0;
      for (const { mask, shift, largest } of channels)
        image.data[to++] = largest === 0 ? 0 : Math.floor((((pixel & mask) >>> shift) * 255) / largest);
    }
  }
  return image;
}

function channelOf(mask: number): { mask: number; shift: number; largest: number } {
  const shift = mask === 0 ? 0 : 31 - Math.clz32(mask & -mask);
  return { mask, shift, largest: mask >>> shift };
}

/** [colours, 3] */
function palette(bytes: Uint8Array, { paletteAt, paletteBytes, colours }: Layout): Uint8Array {
  checkLength(bytes, paletteAt + colours * paletteBytes);
  const colour = (i: number) => [2, 1, 0].map((channel) => bytes[paletteAt + i * paletteBytes + channel]!);
  return Uint8Array.from(Array.from({ length: colours }, (_, i) => colour(i)).flat());
}

/** @throws Error where an index is beyond the palette */
function paint(
  { data, width, height }: RgbImage,
  colours: Uint8Array,
  indexAt: (row: number, column: number) => number,
) {
  let to = 0;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const from = indexAt(row, column) * 3;
      if (from >= colours.length) throw new Error(`colour ${from / 3} of ${colours.length / 3}`);
      data[to++] = colours[from]!;
      data[to++] = colours[from + 1]!;
      data[to++] = colours[from + 2]!;
    }
  }
}

/**
 * The indices of a packed picture, bottom row first; 0 where its runs leave pixels out.
 *
 * @throws Error where the runs end without an end mark before the last row, or leave the picture
 */
function runLengths(bytes: Uint8Array, { width, height, bits, pixelsAt }: Layout): Uint8Array {
  const indices = new Uint8Array(width * height);
  let [line, column, at] = [0, 0, pixelsAt];
  const next = () => {
    if (at >= bytes.length) throw new Error(`runs end in row ${line} of ${height}`);
    return bytes[at++]!;
  };
  const put = (index: number) => {
    if (line >= height || column >= width) throw new Error('a run leaves the picture');
    indices[line * width + column++] = index;
  };
  const nibble = (byte: number, i: number) => (i % 2 === 0 ? byte >> 4 : byte & 15);
  for (;;) {
    const count = next();
    const value = next();
    if (count > 0) {
      for (let i = 0; i < count; i++) put(bits === 8 ? value : nibble(value, i));
    } else if (value === 0) {
      line++;
      column = 0;
    } else if (value === 1) {
      return indices;
    } else if (value === 2) {
      column += next();
      line += next();
    } else {
      const start = at;
      for (let i = 0, byte = 0; i < value; i++) {
        if (bits === 8 || i % 2 === 0) byte = next();
        put(bits === 8 ? byte : nibble(byte, i));
      }
      if ((at - start) % 2 === 1) next(); // padded to pairs of bytes
    }
  }
}
