import { describe, expect, it } from 'vitest';
import { inputSize, paddedSize } from '../../src/geometry/size.js';

describe('inputSize', () => {
  const coco = { shortSide: 800, longSide: 1333 };
  it.each([
    // height x width -> height x width, mmdetection 3.3
    [480, 640, 800, 1067], // 640 * 800 / 480 = 1066.67
    [640, 480, 1067, 800],
    [427, 640, 800, 1199],
    [333, 500, 800, 1201],
    [375, 1242, 402, 1333], // the long side decides: 375 * 1333 / 1242 = 402.48
    [800, 1333, 800, 1333],
    [1, 2000, 1, 1333],
  ])('%i x %i by 800 / 1333 becomes %i x %i', (height, width, expectedHeight, expectedWidth) => {
    expect(inputSize({ width, height }, coco)).toEqual({ width: expectedWidth, height: expectedHeight });
  });
});

describe('paddedSize', () => {
  it.each([
    [1067, 1088],
    [1199, 1216],
    [1333, 1344],
    [800, 800],
    [1, 32],
  ])('%i becomes %i', (side, padded) => {
    expect(paddedSize({ width: side, height: 64 })).toEqual({ width: padded, height: 64 });
  });
});
