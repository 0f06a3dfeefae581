import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { hasEnd, isPlainJpeg, readJpegHeader } from '../../../src/data/image/jpegHeader.js';
import { noiseImage } from '../../support/images.js';

const { data, width, height } = noiseImage(50, 30);
const picture = () => sharp(data, { raw: { width, height, channels: 3 } });
const plain = (bytes: Uint8Array) => {
  const header = readJpegHeader(bytes);
  return header === undefined ? undefined : isPlainJpeg(header);
};

describe('isPlainJpeg', () => {
  it.each<[string, () => Sharp, boolean | undefined]>([
    ['baseline', () => picture().jpeg(), true],
    ['progressive', () => picture().jpeg({ progressive: true }), true],
    ['4:4:4', () => picture().jpeg({ chromaSubsampling: '4:4:4' }), true],
    ['grey', () => picture().toColourspace('b-w').jpeg(), true],
    ['with Exif', () => picture().withMetadata({ orientation: 6 }).jpeg(), true],
    ['with a matrix profile', () => picture().withIccProfile('p3').jpeg(), true],
    ['CMYK', () => picture().toColourspace('cmyk').jpeg(), false],
    ['a PNG', () => picture().png(), undefined],
  ])('%s: %3$s', async (_, make, expected) => {
    expect(plain(await make().toBuffer())).toBe(expected);
  });

  it('RGB components, by the Adobe marker or by their ids', async () => {
    const bytes = await picture().jpeg({ chromaSubsampling: '4:4:4' }).toBuffer();
    const adobe = Buffer.from([0xff, 0xee, 0, 14, ...Buffer.from('Adobe'), 0, 100, 0, 0, 0, 0, 0]);
    expect(plain(Buffer.concat([bytes.subarray(0, 2), adobe, bytes.subarray(2)]))).toBe(false);
    adobe[15] = 1; // YCbCr
    expect(plain(Buffer.concat([bytes.subarray(0, 2), adobe, bytes.subarray(2)]))).toBe(true);
    const named = Buffer.from(bytes);
    const frame = named.indexOf(Buffer.from([0xff, 0xc0]));
    for (const [i, id] of [...'RGB'].entries()) named[frame + 10 + 3 * i] = id.charCodeAt(0);
    expect(plain(named)).toBe(false);
  });

  it('arithmetic coding, 12 bits, lossless: not plain', async () => {
    const bytes = await picture().jpeg().toBuffer();
    const frame = bytes.indexOf(Buffer.from([0xff, 0xc0]));
    for (const marker of [0xc3, 0xc9, 0xca]) {
      const other = Buffer.from(bytes);
      other[frame + 1] = marker;
      expect(plain(other)).toBe(false);
    }
    const deep = Buffer.from(bytes);
    deep[frame + 4] = 12;
    expect(plain(deep)).toBe(false);
  });

  it('the end mark: there, cut off, or only that of a thumbnail', async () => {
    const bytes = await picture().jpeg().toBuffer();
    expect(hasEnd(bytes)).toBe(true);
    expect(hasEnd(Buffer.concat([bytes, Buffer.from('appended')]))).toBe(true);
    expect(hasEnd(bytes.subarray(0, -2))).toBe(false);
    const thumbnail = Buffer.concat([Buffer.from([0xff, 0xe1, 0, 6]), Buffer.from([0, 0, 0xff, 0xd9])]);
    const cut = Buffer.concat([bytes.subarray(0, 2), thumbnail, bytes.subarray(2, -2)]);
    expect(hasEnd(cut)).toBe(false);
  });

  it('bytes cut at any place: a header or none, never an exception', async () => {
    const bytes = await picture().withMetadata({ orientation: 6 }).jpeg().toBuffer();
    for (let length = 0; length < 700; length++) expect([true, undefined]).toContain(plain(bytes.subarray(0, length)));
  });

  it('bytes changed at random: never an exception', async () => {
    const bytes = await picture().withMetadata({ orientation: 6, icc: 'p3' }).jpeg().toBuffer();
    for (let i = 0; i < 700; i++) {
      const changed = Buffer.from(bytes);
      changed[i] = (i * 73) & 255;
      expect(() => readJpegHeader(changed)).not.toThrow();
    }
  });
});
