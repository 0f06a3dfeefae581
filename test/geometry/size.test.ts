import { describe, expect, it } from 'vitest';
import { inferenceShape, inputSize, paddedSize } from '../../src/geometry/size.js';

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

describe('inferenceShape, with shapes 256 x 352, 352 x 256 and 320 x 352 (height x width)', () => {
  const rule = {
    shapes: [
      [320, 352],
      [256, 352],
      [352, 256],
    ],
  } as const;

  it.each([
    [256, 341, 256, 352, 'the smallest that holds it'],
    [200, 352, 256, 352, 'one that is larger on one side'],
    [257, 341, 320, 352, 'the next larger one'],
    [300, 256, 352, 256, 'of two that hold it (320 x 352, 352 x 256), the one of less area'],
    [256, 400, 256, 512, 'none does: the long side in steps of 128'],
    [600, 256, 640, 256, 'the same for a high one'],
  ])('%i x %i: %i x %i, %s', (height, width, expectedHeight, expectedWidth) => {
    expect(inferenceShape({ width, height }, rule)).toEqual({ width: expectedWidth, height: expectedHeight });
  });

  it('a rule without shapes: the multiple of 32, as checkpoints of before have it', () => {
    expect(inferenceShape({ width: 400, height: 256 }, {})).toEqual({ width: 416, height: 256 });
  });
});
