import { describe, expect, it } from 'vitest';
import { meanPlaces } from '../../src/detection/pointFit.js';
import { generatePoints, matchPoints } from '../../src/detection/points.js';

const strides = [8, 16, 32, 64, 128];

describe('meanPlaces, ranges of 8 strides', () => {
  it.each([
    [8, 8, 1, 'a cell of the finest level'],
    [4, 4, 1 / 4, 'a quarter of it: three of four positions have no centre inside'],
    [16, 8, 2, ''],
    // 64 and 128 pixels: from 72 ... 128 of its length no side is farther than 128, and nothing is within 64.
    [
      200,
      4,
      (56 * 4) / 16 ** 2 + (200 * 4 - 56 * 4) / 32 ** 2,
      'a long one: the middle for stride 16, both ends for stride 32',
    ],
    // Within 64: 28 x 28 around the middle. All of the rest is within 128.
    [100, 100, 28 ** 2 / 8 ** 2 + (100 ** 2 - 28 ** 2) / 16 ** 2, 'one of two levels'],
    // Within 1024 of stride 128, which has no upper end: what is not within 512 of stride 64.
    [900, 900, 124 ** 2 / 64 ** 2 + (900 ** 2 - 124 ** 2) / 128 ** 2, 'a large one'],
  ])('%i x %i: %f %s', (width, height, mean) => {
    expect(meanPlaces([width, height], strides, 8)).toBeCloseTo(mean, 10);
  });

  it('is the mean of what matchPoints gives at all positions', () => {
    const levels = [8, 16, 32].map((stride) => ({ height: 512 / stride, width: 512 / stride, stride }));
    const grid = generatePoints(levels);
    const period = 32; // of all levels together, in pixels; at half pixels no side goes through a centre
    for (const [width, height] of [
      [5, 7],
      [90, 20],
      [200, 150],
    ] as const) {
      let places = 0;
      for (let i = 0; i < period ** 2; i++) {
        const [x, y] = [100.5 + (i % period), 100.5 + Math.floor(i / period)];
        const matches = matchPoints(grid, Float32Array.of(x, y, x + width, y + height), 8);
        for (const match of matches) if (match === 0) places++;
      }
      expect(places / period ** 2).toBeCloseTo(meanPlaces([width, height], [8, 16, 32], 8), 10);
    }
  });
});
