import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { pillowResize, pillowResizeInto } from '../../../src/data/image/pillowResize.js';
import { sourceHash } from '../../../src/data/image/resizeKernel.wasm.js';
import { digest, noiseImage } from '../../support/images.js';

describe('resize kernel', () => {
  it('was made of the source that is beside it', () => {
    const source = readFileSync(new URL('../../../tools/kernels/resize.as', import.meta.url));
    expect(createHash('sha256').update(source).digest('hex'), 'run: npm run kernels').toBe(sourceHash);
  });

  it('a mirrored result is the mirrored picture resized: the filter is symmetric', () => {
    const image = noiseImage(33, 20);
    const flipped = { ...image, data: image.data.slice() };
    for (let y = 0; y < 20; y++)
      for (let x = 0; x < 33; x++)
        flipped.data.set(image.data.subarray((y * 33 + x) * 3, (y * 33 + x + 1) * 3), (y * 33 + 32 - x) * 3);
    for (const [width, height] of [
      [50, 20],
      [16, 31],
      [33, 20],
    ] as const) {
      const options = { width, height, filter: 'bilinear' } as const;
      expect(digest(pillowResize(image, { ...options, mirror: true }))).toBe(digest(pillowResize(flipped, options)));
    }
  });

  it.each([17, 18, 19, 20, 30])(
    'into a buffer of %i columns: the same pixels, and not a byte outside of the place',
    (columns) => {
      const image = noiseImage(33, 20);
      const stride = columns * 3;
      for (const [filter, height] of [
        ['bicubic', 25],
        ['bilinear', 20],
      ] as const)
        for (const left of [0, columns - 17]) {
          const options = { width: 17, height, filter } as const;
          const data = new Uint8Array(new SharedArrayBuffer(30 * stride + 1), 1).fill(77);
          pillowResizeInto(image, options, { data, offset: 2 * stride + left * 3, stride });
          const expected = new Uint8Array(30 * stride).fill(77);
          const resized = pillowResize(image, options).data;
          for (let y = 0; y < height; y++)
            expected.set(resized.subarray(y * 51, y * 51 + 51), (y + 2) * stride + left * 3);
          expect([...data]).toEqual([...expected]);
        }
    },
  );

  it('pictures larger than a strip, and rows larger than a strip', () => {
    // 60,000 pixels a row: 180,000 bytes, more than stripBytes. A constant picture stays constant whatever the weights.
    const wide = { data: new Uint8Array(60_000 * 3 * 3).fill(200), width: 60_000, height: 3 };
    expect(new Set(pillowResize(wide, { width: 7, height: 5, filter: 'bicubic' }).data)).toEqual(new Set([200]));
    const tall = { data: new Uint8Array(60_000 * 3).fill(200), width: 1, height: 60_000 };
    expect(new Set(pillowResize(tall, { width: 2, height: 70_000, filter: 'bilinear' }).data)).toEqual(new Set([200]));
  });

  it('one-pixel checkerboard, four times smaller: grey, no false pattern', () => {
    const data = Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => {
      const pixel = Math.floor(i / 3);
      return ((pixel % 64) + Math.floor(pixel / 64)) % 2 === 0 ? 255 : 0;
    });
    const small = pillowResize({ data, width: 64, height: 64 }, { width: 16, height: 16, filter: 'bilinear' }).data;
    expect(Math.min(...small)).toBeGreaterThan(120);
    expect(Math.max(...small)).toBeLessThan(136);
  });
});
