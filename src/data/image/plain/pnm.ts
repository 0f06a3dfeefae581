/** Portable bitmaps, grey maps and pixmaps, as text and as bytes: P1 to P6 (https://netpbm.sourceforge.net/doc). The first picture of a file. */
import type { RgbImage } from '../image.js';
import { checkLength, checkSides, emptyImage, type PlainPicture } from './plainPicture.js';

interface Layout {
  /** 1 to 6. */
  readonly kind: number;
  readonly width: number;
  readonly height: number;
  readonly largest: number;
  readonly pixelsAt: number;
}

export const isPnm = (bytes: Uint8Array): boolean => /^P[1-6][\s#]/.test(String.fromCharCode(...bytes.subarray(0, 3)));

/** @throws Error where the header is cut off or no such header */
export function openPnm(bytes: Uint8Array, maxPixels: number): PlainPicture {
  const words = new Words(bytes, 2);
  const kind = bytes[1]! - 0x30;
  const width = words.number();
  const height = words.number();
  const largest = kind === 1 || kind === 4 ? 1 : words.number();
  checkSides(width, height, maxPixels);
  if (largest < 1 || largest > 65535) throw new Error(`a largest value of ${largest}`);
  const layout = { kind, width, height, largest, pixelsAt: words.at + 1 };
  return { width, height, decode: () => decode(bytes, layout) };
}

function decode(bytes: Uint8Array, layout: Layout): RgbImage {
  const { kind, width, height, largest, pixelsAt } = layout;
  const channels = kind % 3 === 0 ? 3 : 1;
  const bytesEach = largest > 255 ? 2 : 1;
  const stride = kind === 4 ? Math.ceil(width / 8) : width * channels * bytesEach;
  // Before any memory is taken: a value as text has at least one byte.
  checkLength(bytes, pixelsAt + (kind > 3 ? stride * height : width * height * channels));
  const words = new Words(bytes, pixelsAt);
  const value = (row: number, i: number): number => {
    if (kind === 1) return 1 - words.bit();
    if (kind < 4) return words.number();
    const from = pixelsAt + row * stride;
    if (kind === 4) return 1 - ((bytes[from + (i >> 3)]! >> (7 - (i & 7))) & 1);
    return bytesEach === 1 ? bytes[from + i]! : bytes[from + 2 * i]! * 256 + bytes[from + 2 * i + 1]!;
  };
  const image = emptyImage(width, height);
  let to = 0;
  for (let row = 0; row < height; row++) {
    for (let i = 0; i < width * channels; i++) {
      const found = value(row, i);
      if (found > largest) throw new Error(`a value of ${found} above the largest, ${largest}`);
      const byte = toByte(found, largest);
      for (let copy = channels; copy <= 3; copy += channels === 3 ? 3 : 1) image.data[to++] = byte;
    }
  }
  return image;
}

/** As for other formats, 16 bits become their high byte. */
const toByte = (value: number, largest: number) =>
  largest === 65535 ? value >> 8 : Math.round((value * 255) / largest);

const isSpace = (byte: number | undefined) => byte === 0x20 || (byte !== undefined && byte >= 9 && byte <= 13);

/** Whole numbers in a text, with white space and comments between them. */
class Words {
  constructor(
    readonly bytes: Uint8Array,
    /** The byte behind the last word. */
    public at: number,
  ) {}

  /** @throws Error where there is no number, or one of more than 9 digits */
  number(): number {
    this.#skip();
    let [value, digits] = [0, 0];
    for (; this.#digit() !== undefined; this.at++, digits++) value = value * 10 + this.#digit()!;
    if (digits === 0 || digits > 9) throw new Error(`byte ${this.at}: expected a number`);
    return value;
  }

  /** One digit, 0 or 1: bits need no space between them. */
  bit(): number {
    this.#skip();
    const digit = this.#digit();
    if (digit !== 0 && digit !== 1) throw new Error(`byte ${this.at}: expected 0 or 1`);
    this.at++;
    return digit;
  }

  #digit(): number | undefined {
    const byte = this.bytes[this.at] ?? 0;
    return byte >= 0x30 && byte <= 0x39 ? byte - 0x30 : undefined;
  }

  #skip(): void {
    for (; isSpace(this.bytes[this.at]) || this.bytes[this.at] === 0x23; this.at++) {
      if (this.bytes[this.at] !== 0x23) continue;
      while (this.at + 1 < this.bytes.length && this.bytes[this.at + 1] !== 0x0a) this.at++;
    }
  }
}
