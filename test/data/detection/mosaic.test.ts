import { describe, expect, it } from 'vitest';
import { coveringPart, mosaicRects } from '../../../src/data/detection/mosaic.js';
import { Random } from '../../../src/random.js';

describe('mosaicRects', () => {
  it('500 draws: the four tile the shape and none is narrower than a quarter', () => {
    const random = new Random(1);
    for (let i = 0; i < 500; i++) {
      const rects = mosaicRects({ width: 96, height: 64 }, random);
      const covered = new Uint8Array(96 * 64);
      for (const { left, top, width, height } of rects) {
        expect(width >= 24 && height >= 16).toBe(true);
        for (let y = top; y < top + height; y++) for (let x = left; x < left + width; x++) covered[y * 96 + x]!++;
      }
      expect(covered.every((times) => times === 1)).toBe(true);
    }
  });
});

describe('coveringPart', () => {
  it('has the aspect ratio of the target, is as large as it can be, and stays inside', () => {
    const random = new Random(2);
    const within = { left: 10, top: 20, width: 100, height: 80 };
    for (let i = 0; i < 100; i++) {
      const part = coveringPart(within, { width: 30, height: 60 }, random);
      expect(part).toMatchObject({ top: 20, width: 40, height: 80 });
      expect(part.left >= 10 && part.left + 40 <= 110).toBe(true);
    }
  });
});
