import { describe, expect, it } from 'vitest';
import { drawErasing } from '../../../src/data/augment/randomErasing.js';
import { Random } from '../../../src/random.js';
import { expectMean, expectShare } from '../../support/statistics.js';

describe('drawErasing, 10,000 pictures', () => {
  it('a quarter of the pictures', () => {
    const random = new Random(3);
    const options = { probability: 0.25, area: [0.02, 1 / 3], ratio: [0.3, 1 / 0.3] } as const;
    const drawn = Array.from({ length: 10_000 }, () => drawErasing(224, options, random));
    expectShare(drawn.filter((rect) => rect).length, 10_000, 0.25);
    for (const rect of drawn) {
      if (!rect) continue;
      expect(rect.width < 224 && rect.height < 224).toBe(true);
      expect(rect.left >= 0 && rect.top >= 0 && rect.left + rect.width <= 224 && rect.top + rect.height <= 224).toBe(
        true,
      );
    }
  });

  it('area uniform, ratio log-uniform, position uniform, where all ratios fit', () => {
    const random = new Random(4);
    const size = 2000;
    const options = { probability: 1, area: [0.02, 0.29], ratio: [0.3, 1 / 0.3] } as const; // √(0.29 / 0.3) < 1
    const rects = Array.from({ length: 10_000 }, () => drawErasing(size, options, random)!);
    expectMean(
      rects.map(({ width, height }) => (width * height) / size ** 2),
      0.155,
      0.27 / Math.sqrt(12),
    );
    const logRatios = rects.map(({ width, height }) => Math.log(height / width));
    expectMean(logRatios, 0, (-2 * Math.log(0.3)) / Math.sqrt(12));
    expectShare(logRatios.filter((ratio) => ratio > -Math.log(0.3) / 2).length, rects.length, 0.25);
    expectMean(
      rects.map(({ top, height }) => top / (size - height)),
      0.5,
      1 / Math.sqrt(12),
    );
    expectMean(
      rects.map(({ left, width }) => left / (size - width)),
      0.5,
      1 / Math.sqrt(12),
    );
  });

  it('a part as large as the picture never fits: it is left whole', () => {
    const options = { probability: 1, area: [1, 1], ratio: [1, 1] } as const;
    expect(drawErasing(64, options, new Random(5))).toBeUndefined();
  });
});
