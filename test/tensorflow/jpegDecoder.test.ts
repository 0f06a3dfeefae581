import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { drawResizedCrop } from '../../src/data/augment/randomResizedCrop.js';
import { imageDecoder } from '../../src/data/image/decode.js';
import type { ChoosePart, DecodeImage } from '../../src/data/image/image.js';
import { isPlainJpeg, readJpegHeader } from '../../src/data/image/jpegHeader.js';
import { pillowResize } from '../../src/data/image/pillowResize.js';
import { Random } from '../../src/random.js';
import { openDecoder } from '../../src/tensorflow/jpegDecoder.js';
import { digest, noiseImage } from '../support/images.js';
import { describeWithShared } from '../support/shared.js';

const general = imageDecoder();
let fast: DecodeImage;
beforeAll(() => {
  fast = openDecoder();
});

/** Tolerance between the two decoders: none. Both compute libjpeg's exact transform and its smooth chroma upsampling. */
async function expectSame(bytes: Uint8Array): Promise<void> {
  const [one, other] = [await fast(bytes), await general(bytes)];
  expect([one.width, one.height]).toEqual([other.width, other.height]);
  expect(digest(one)).toBe(digest(other));
}

/** Where a profile is applied, the tolerance is 1 of 255: sharp's library and `applyProfile` round in different places. */
async function expectClose(bytes: Uint8Array): Promise<void> {
  const [one, other] = [await fast(bytes), await general(bytes)];
  expect([one.width, one.height]).toEqual([other.width, other.height]);
  let largest = 0;
  for (const [i, value] of one.data.entries()) largest = Math.max(largest, Math.abs(value - other.data[i]!));
  expect(largest).toBeLessThanOrEqual(1);
}

/** The same JPEG without its APP2 segment. */
function withoutProfile(bytes: Buffer): Buffer {
  const start = bytes.indexOf('ICC_PROFILE') - 4;
  const end = start + 2 + bytes.readUInt16BE(start + 2);
  return Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)]);
}

describe('plain JPEGs, by TensorFlow and by sharp', () => {
  const { data, width, height } = noiseImage(61, 43); // odd sides: blocks and chroma are cut at the border
  const picture = () => sharp(data, { raw: { width, height, channels: 3 } });
  it.each<[string, () => Sharp]>([
    ['4:2:0', () => picture().jpeg()],
    ['4:4:4', () => picture().jpeg({ chromaSubsampling: '4:4:4', quality: 98 })],
    ['progressive', () => picture().jpeg({ progressive: true })],
    ['grey', () => picture().toColourspace('b-w').jpeg()],
    ['lying on its side', () => picture().withMetadata({ orientation: 6 }).jpeg()],
    ['upside down', () => picture().withMetadata({ orientation: 3 }).jpeg()],
    ['optimised codes, restart-free, low quality', () => picture().jpeg({ mozjpeg: true, quality: 20 })],
    ['one pixel', () => picture().extract({ left: 0, top: 0, width: 1, height: 1 }).jpeg()],
  ])('%s: the same pixels', async (_, make) => {
    const bytes = await make().toBuffer();
    expect(isPlainJpeg(readJpegHeader(bytes)!)).toBe(true);
    await expectSame(bytes);
  });

  it('with a colour profile: within 1 of 255', async () => {
    await expectClose(await picture().withIccProfile('p3').jpeg({ quality: 95 }).toBuffer());
  });

  it.each<[string, Sharp]>([
    ['a matrix and curves', picture().withIccProfile('p3')],
    ['grey', picture().toColourspace('b-w').withIccProfile('p3')],
    ['lying on its side', picture().withIccProfile('p3').withMetadata({ orientation: 6 })],
  ])('where profiles are ignored, both decoders give the numbers as stored: %s', async (_, made) => {
    const bytes = await made.jpeg({ quality: 95 }).toBuffer();
    const bare = digest(await general(withoutProfile(bytes)));
    expect(digest(await openDecoder('ignore')(bytes))).toBe(bare);
    expect(digest(await imageDecoder('ignore')(bytes))).toBe(bare);
  });

  it.each<[string, () => Sharp]>([
    ['4:2:0', () => picture().jpeg()],
    ['4:4:4', () => picture().jpeg({ chromaSubsampling: '4:4:4' })],
    ['progressive', () => picture().jpeg({ progressive: true })],
    ['grey', () => picture().toColourspace('b-w').jpeg()],
    ['lying on its side', () => picture().withMetadata({ orientation: 6 }).jpeg()],
    ['PNG', () => picture().png()],
  ])('%s: a part is what cutting the whole gives', async (_, make) => {
    const bytes = await make().toBuffer();
    const whole = await fast(bytes);
    const random = new Random(1);
    for (let i = 0; i < 40; i++) {
      const choosePart: ChoosePart = (size) => drawResizedCrop(size.width, size.height, random);
      let rect = { left: 0, top: 0, width: 0, height: 0 };
      const part = await fast(bytes, (size) => {
        rect = choosePart(size);
        return rect;
      });
      expect(digest(part)).toBe(digest(pillowResize(whole, { ...rect, filter: 'bilinear', source: rect })));
    }
  });

  it('a part of a file that is cut off is refused, even where its own pixels are there', async () => {
    const bytes = await picture().jpeg().toBuffer();
    const corner: ChoosePart = () => ({ left: 0, top: 0, width: 8, height: 8 });
    await expect(fast(bytes.subarray(0, bytes.length - 200), corner)).rejects.toThrow('<bytes>: is cut off or damaged');
  });

  it('without its end mark, and by any number of bytes: whole and part are refused alike, or given alike', async () => {
    const bytes = await picture().jpeg().toBuffer();
    const corner: ChoosePart = () => ({ left: 0, top: 0, width: 8, height: 8 });
    for (const missing of [1, 2, 3, 10, 100]) {
      const cut = bytes.subarray(0, bytes.length - missing);
      const outcomes = await Promise.all(
        [fast(cut), fast(cut, corner), general(cut)].map((image) =>
          image.then(
            () => 'given',
            () => 'refused',
          ),
        ),
      );
      expect(new Set(outcomes).size, `${missing}: ${outcomes}`).toBe(1);
    }
  });

  it('cut off: refused by both', async () => {
    const bytes = await picture().jpeg().toBuffer();
    const half = bytes.subarray(0, bytes.length / 2);
    await expect(fast(half)).rejects.toThrow('<bytes>: is cut off or damaged');
    await expect(general(half)).rejects.toThrow('<bytes>: is cut off or damaged');
  });

  it('what is not plain goes to the general decoder', async () => {
    await expectSame(await picture().png().toBuffer());
    await expectSame(await picture().toColourspace('cmyk').jpeg().toBuffer());
  });

  it('a thousand pictures leave no memory behind', async () => {
    const bytes = await sharp({ create: { width: 512, height: 512, channels: 3, background: 'teal' } })
      .jpeg()
      .toBuffer();
    for (let i = 0; i < 200; i++) await fast(bytes);
    const before = process.memoryUsage().rss;
    for (let i = 0; i < 1000; i++) await fast(bytes);
    expect(process.memoryUsage().rss - before).toBeLessThan(100e6); // they are 786 MB
  });
});

describeWithShared('photographs of COCO', 'data/tiny_coco/val2017', (folder) => {
  it('have the same pixels from both decoders; 3 of 50 carry another profile', async () => {
    const files = readdirSync(folder).filter((name) => name.endsWith('.jpg'));
    const bytes = files.map((name) => readFileSync(join(folder, name)));
    let profiles = 0;
    for (const picture of bytes) {
      const header = readJpegHeader(picture)!;
      if (header.profile !== 'sRGB') profiles++;
      expect(isPlainJpeg(header)).toBe(true);
      await (header.profile === 'sRGB' ? expectSame : expectClose)(picture);
    }
    expect([bytes.length, profiles]).toEqual([50, 3]);
  });
});

describeWithShared('odd pictures', 'data/odd_images/files', (folder) => {
  it('both decoders give them, or both refuse them', async () => {
    for (const name of readdirSync(folder)) {
      const bytes = readFileSync(join(folder, name));
      const refusals = await Promise.all([general, fast].map((decode) => decode(bytes).then(() => undefined, String)));
      if (refusals[0] === undefined) await expectClose(bytes);
      else
        expect(refusals, name).toEqual([expect.stringContaining('ImageError'), expect.stringContaining('ImageError')]);
    }
  });
});
