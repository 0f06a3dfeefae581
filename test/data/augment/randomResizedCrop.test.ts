import { describe, expect, it } from 'vitest';
import { drawResizedCrop } from '../../../src/data/augment/randomResizedCrop.js';
import { Random } from '../../../src/random.js';
import { expectMean, expectShare } from '../../support/statistics.js';

describe('drawResizedCrop', () => {
  it('10,000 crops of at most 0.4 of a square: area uniform, ratio log-uniform, position uniform', () => {
    const random = new Random(1);
    const side = 2000; // so that rounding to whole pixels does not show
    const options = { scale: [0.08, 0.4], ratio: [3 / 4, 4 / 3] } as const; // always fits: the first attempt counts
    const crops = Array.from({ length: 10_000 }, () => drawResizedCrop(side, side, random, options));
    const uniformDeviation = (low: number, high: number) => (high - low) / Math.sqrt(12);

    const areas = crops.map(({ width, height }) => (width * height) / side ** 2);
    expectMean(areas, 0.24, uniformDeviation(0.08, 0.4));
    expectShare(areas.filter((area) => area < 0.16).length, areas.length, 0.25);

    const logRatios = crops.map(({ width, height }) => Math.log(width / height));
    expectMean(logRatios, 0, uniformDeviation(Math.log(3 / 4), Math.log(4 / 3)));
    expectShare(logRatios.filter((ratio) => ratio > Math.log(4 / 3) / 2).length, logRatios.length, 0.25);

    expectMean(
      crops.map(({ left, width }) => left / (side - width)),
      0.5,
      uniformDeviation(0, 1),
    );
    expectMean(
      crops.map(({ top, height }) => top / (side - height)),
      0.5,
      uniformDeviation(0, 1),
    );
  });

  it('10,000 crops of the recipe stay inside and within their limits', () => {
    const random = new Random(2);
    for (let i = 0; i < 10_000; i++) {
      const { left, top, width, height } = drawResizedCrop(500, 375, random);
      expect(left >= 0 && top >= 0 && left + width <= 500 && top + height <= 375).toBe(true);
      expect((width * height) / (500 * 375)).toBeGreaterThan(0.079);
      expect(Math.abs(Math.log(width / height))).toBeLessThan(Math.log(4 / 3) + 0.02);
    }
  });

  it.each([
    [
      'a strip of 1000 x 10 is too wide: 10 x 4/3 = 13 columns of its middle',
      1000,
      10,
      { left: 493, top: 0, width: 13, height: 10 },
    ],
    ['a strip of 10 x 1000 is too high', 10, 1000, { left: 0, top: 493, width: 10, height: 13 }],
    ['one pixel', 1, 1, { left: 0, top: 0, width: 1, height: 1 }],
  ])('%s', (_, width, height, expected) => {
    expect(drawResizedCrop(width, height, new Random(0))).toEqual(expected);
  });
});
