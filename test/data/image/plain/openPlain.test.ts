import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { imageDecoder } from '../../../../src/data/image/decode.js';
import { readImageSize } from '../../../../src/data/image/imageSize.js';
import { openPlain } from '../../../../src/data/image/plain/openPlain.js';
import { Random } from '../../../../src/random.js';
import { temporaryFolder } from '../../../support/temporaryFolder.js';

const u16 = (value: number) => [value & 255, (value >> 8) & 255];
const u32 = (value: number) => [...u16(value & 65535), ...u16((value >>> 16) & 65535)];

interface Bmp {
  width: number;
  height: number;
  bits: number;
  compression?: number;
  /** Masks and palette. */
  between?: number[];
  colours?: number;
  pixels: number[];
}

function bmp({ width, height, bits, compression = 0, between = [], colours = 0, pixels }: Bmp): Uint8Array {
  const info = [...u32(40), ...u32(width), ...u32(height), 1, 0, ...u16(bits), ...u32(compression), ...u32(0)];
  const header = [...info, ...u32(0), ...u32(0), ...u32(colours), ...u32(0), ...between];
  return Uint8Array.from([0x42, 0x4d, ...u32(0), ...u32(0), ...u32(14 + header.length), ...header, ...pixels]);
}

/** Black, red, green, blue. Stored as blue, green, red, nothing. */
const four = [0, 0, 0, 0, 0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 0];
const [black, red, green, blue] = [
  [0, 0, 0],
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 255],
] as const;
const masks565 = [...u32(0xf800), ...u32(0x7e0), ...u32(0x1f)];
const text = (value: string) => new TextEncoder().encode(value);
const join2 = (head: string, bytes: number[]) => Uint8Array.from([...text(head), ...bytes]);
const qoi = (width: number, height: number, ops: number[]) =>
  Uint8Array.from([...text('qoif'), 0, 0, 0, width, 0, 0, 0, height, 3, 0, ...ops, 0, 0, 0, 0, 0, 0, 0, 1]);
const open = (bytes: Uint8Array) => openPlain(bytes, 2 ** 28)!;
const maximum = (width: number, height: number) => bmp({ width, height, bits: 24, pixels: [] });

const os2 = Uint8Array.from([0x42, 0x4d, ...u32(0), ...u32(0), ...u32(32), ...u32(12), 1, 0, 1, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 255, 128, 0, 0, 0]); // biome-ignore format: one file

/** Two by two pixels where not said otherwise, top row first. */
const whole: [string, Uint8Array, (readonly number[])[]][] = [
  ['BMP, 24 bits, bottom row first', bmp({ width: 2, height: 2, bits: 24, pixels: [1, 2, 3, 4, 5, 6, 0, 0, 7, 8, 9, 10, 11, 12, 0, 0] }), [[9, 8, 7], [12, 11, 10], [3, 2, 1], [6, 5, 4]]],
  ['BMP, 24 bits, top row first, its last padding missing', bmp({ width: 1, height: -2, bits: 24, pixels: [1, 2, 3, 0, 4, 5, 6] }), [[3, 2, 1], [6, 5, 4]]],
  ['BMP, 32 bits: the fourth byte is dropped', bmp({ width: 1, height: 1, bits: 32, pixels: [1, 2, 3, 77] }), [[3, 2, 1]]],
  ['BMP, 16 bits, 5 each: 31 becomes 255', bmp({ width: 2, height: 1, bits: 16, pixels: [...u16(0x7c00), ...u16(16)] }), [[255, 0, 0], [0, 0, 131]]],
  ['BMP, 16 bits by masks 5-6-5', bmp({ width: 2, height: 1, bits: 16, compression: 3, between: masks565, pixels: [...u16(0x7e0), ...u16(0x001f)] }), [green, blue]],
  ['BMP, 32 bits by masks, red last', bmp({ width: 1, height: 1, bits: 32, compression: 3, between: [...u32(0xff), ...u32(0xff00), ...u32(0xff000000)], pixels: [1, 2, 3, 255] }), [[1, 2, 255]]],
  ['BMP, 8 bits', bmp({ width: 2, height: 1, bits: 8, between: four, colours: 4, pixels: [3, 1, 0, 0] }), [blue, red]],
  ['BMP, 4 bits, high half first', bmp({ width: 3, height: 1, bits: 4, between: four, colours: 4, pixels: [0x12, 0x30, 0, 0] }), [red, green, blue]],
  ['BMP, 1 bit', bmp({ width: 3, height: 1, bits: 1, between: four.slice(0, 8), colours: 2, pixels: [0b01000000, 0, 0, 0] }), [black, red, black]],
  ['BMP of OS/2, 1 bit, colours of 3 bytes', os2, [[0, 0, 255]].map(() => red)],
  ['BMP, runs of bytes: a run, a row end, single bytes with padding, the end', bmp({ width: 3, height: 2, bits: 8, compression: 1, between: four, colours: 4, pixels: [3, 1, 0, 0, 0, 3, 1, 2, 3, 0, 0, 1] }), [red, green, blue, red, red, red]],
  ['BMP, runs: what a jump leaves out is colour 0', bmp({ width: 2, height: 2, bits: 8, compression: 1, between: four, colours: 4, pixels: [0, 2, 1, 1, 1, 2, 0, 1] }), [black, green, black, black]],
  ['BMP, runs of halves alternate', bmp({ width: 3, height: 1, bits: 4, compression: 2, between: four, colours: 4, pixels: [3, 0x12, 0, 1] }), [red, green, red]],
  ['PPM as bytes, comments in its head', join2('P6 # made by hand\n2 1\n# again\n255\n', [1, 2, 3, 4, 5, 6]), [[1, 2, 3], [4, 5, 6]]],
  ['PPM of 16 bits: the high byte', join2('P6 1 1 65535\n', [1, 255, 2, 255, 3, 255]), [[1, 2, 3]]],
  ['PGM as bytes, largest value 100', join2('P5 3 1 100\n', [0, 50, 100]), [[0, 0, 0], [128, 128, 128], [255, 255, 255]]],
  ['PBM as bytes: 1 is black', join2('P4 3 1\n', [0b01000000]), [[255, 255, 255], black, [255, 255, 255]]],
  ['PPM as text', text('P3 1 1 255 10 20 30'), [[10, 20, 30]]],
  ['PGM as text', text('P2\n2 1\n15\n0 15\n'), [black, [255, 255, 255]]],
  ['PBM as text without spaces', text('P1\n3 1\n010'), [[255, 255, 255], black, [255, 255, 255]]],
  ['QOI: whole colour, difference, luma, index, run', qoi(7, 1, [0xfe, 10, 20, 30, 0x40 | 0b110110, 0x80 | 37, 0x8f, 0xc1, (10 * 3 + 20 * 5 + 30 * 7 + 255 * 11) % 64, 0xc0]), [[10, 20, 30], [11, 19, 30], [16, 24, 42], [16, 24, 42], [16, 24, 42], [10, 20, 30], [10, 20, 30]]],
]; // biome-ignore format: a table

describe('pixels of files written by hand', () => {
  it.each(whole)('%s', (_, bytes, pixels) => {
    const image = open(bytes).decode();
    expect([...image.data]).toEqual(pixels.flat());
    expect(image.width * image.height).toBe(pixels.length);
  });

  it('the bytes decide, not the name; the header alone has the sides', async () => {
    const file = join(temporaryFolder(), 'photo.jpg');
    writeFileSync(file, whole[0]![1]);
    expect([...(await imageDecoder()(file)).data]).toEqual(whole[0]![2].flat());
    expect(await readImageSize(file)).toEqual({ width: 2, height: 2 });
  });
});

describe('attacks', () => {
  it.each<[string, Uint8Array, RegExp]>([
    ['sides whose product is beyond 2^31', maximum(65536, 65536), /pixel limit/],
    ['the largest sides', maximum(0x7fffffff, 0x7fffffff), /pixel limit/],
    ['the lowest height', maximum(1, -0x80000000), /pixel limit|bytes of/],
    ['a width of 0', maximum(0, 5), /sides of 0 x 5/],
    ['a width below 0', maximum(-5, 5), /sides of -5 x 5/],
    ['many pixels without bytes', maximum(16384, 16384), /66 bytes of|54 bytes of/],
    ['an index beyond the palette', bmp({ width: 1, height: 1, bits: 8, between: four, colours: 4, pixels: [4, 0, 0, 0] }), /colour 4 of 4/],
    ['a palette that is cut off', bmp({ width: 1, height: 1, bits: 8, colours: 256, pixels: [1, 0, 0, 0] }), /bytes of/],
    ['a run over the edge', bmp({ width: 2, height: 1, bits: 8, compression: 1, between: four, colours: 4, pixels: [200, 1, 0, 1] }), /a run leaves the picture/],
    ['a jump out of the picture', bmp({ width: 2, height: 1, bits: 8, compression: 1, between: four, colours: 4, pixels: [0, 2, 0, 9, 1, 1, 0, 1] }), /a run leaves the picture/],
    ['runs without an end', bmp({ width: 2, height: 1, bits: 8, compression: 1, between: four, colours: 4, pixels: [2, 1] }), /runs end in row 0 of 1/],
    ['JPEG inside a BMP', bmp({ width: 1, height: 1, bits: 0, compression: 4, pixels: [] }), /which is not read/],
    ['a PGM of 10-digit sides', text('P5 9999999999 1 255\n'), /expected a number/],
    ['a value above the largest', text('P2 1 1 7 8'), /a value of 8 above/],
    ['a PPM that is cut off', join2('P6 2 2 255\n', [1, 2, 3]), /bytes of/],
    ['a QOI of 2^64 pixels', Uint8Array.from([...text('qoif'), ...u32(-1), ...u32(-1), 3, 0]), /pixel limit/],
    ['a QOI that is cut off', qoi(9, 9, [0xfe, 1, 2, 3]), /1 pixels of 81|bytes of/],
  ])('%s', (_, bytes, message) => {
    expect(() => open(bytes).decode()).toThrow(message);
  }); // biome-ignore format: a table

  it('every file cut anywhere, and 4,000 damaged ones: read or refused with a reason, nothing else', () => {
    const random = new Random(7);
    const tries = whole.flatMap(([, bytes]) => Array.from(bytes, (_, length) => bytes.subarray(0, length)));
    for (let n = 0; n < 4000; n++) {
      const bytes = whole[n % whole.length]![1].slice();
      for (let k = 0; k < 3; k++) bytes[random.int(bytes.length)] = random.int(256);
      tries.push(bytes);
    }
    let refused = 0;
    for (const bytes of tries) {
      try {
        const image = openPlain(bytes, 2 ** 16)?.decode();
        if (image) expect(image.data.length).toBe(image.width * image.height * 3);
      } catch (error) {
        expect((error as Error).constructor).toBe(Error);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(500);
  });
});
