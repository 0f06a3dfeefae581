import { describe, expect, it } from 'vitest';
import {
  applyOperations,
  drawRandAugment,
  imagenetMeanColor,
  operationArgument,
  type RandAugmentOperation,
  randAugmentOperations,
} from '../../../src/data/augment/randAugment.js';
import { Random } from '../../../src/random.js';
import { pillowInputs } from '../../support/augmentInputs.js';
import { digest } from '../../support/images.js';
import { expectMean, expectShare } from '../../support/statistics.js';

/** rand-m9-mstd0.5-inc1 */
const policy = { magnitude: 9, magnitudeDeviation: 0.5, operations: 2, increasing: true };

describe('operationArgument', () => {
  // Magnitudes 8, 9, 10, all operations increasing, coin up | down where it matters.
  it.each<[RandAugmentOperation, [number, number, number], [number, number, number]?]>([
    ['rotate', [24, 27, 30], [-24, -27, -30]],
    ['posterize', [1, 1, 0]],
    ['solarize', [52, 26, 0]],
    ['solarizeAdd', [88, 99, 110]],
    ['color', [1.72, 1.81, 1.9], [0.28, 0.19, 0.1]],
    ['contrast', [1.72, 1.81, 1.9], [0.28, 0.19, 0.1]],
    ['brightness', [1.72, 1.81, 1.9], [0.28, 0.19, 0.1]],
    ['sharpness', [1.72, 1.81, 1.9], [0.28, 0.19, 0.1]],
    ['shearX', [0.24, 0.27, 0.3], [-0.24, -0.27, -0.3]],
    ['shearY', [0.24, 0.27, 0.3], [-0.24, -0.27, -0.3]],
    ['translateX', [0.36, 0.405, 0.45], [-0.36, -0.405, -0.45]],
    ['translateY', [0.36, 0.405, 0.45], [-0.36, -0.405, -0.45]],
  ])('%s at magnitude 8, 9, 10', (name, up, down = up) => {
    for (const [i, magnitude] of [8, 9, 10].entries()) {
      expect(operationArgument(name, magnitude, 1, true)).toBeCloseTo(up[i]!, 12);
      expect(operationArgument(name, magnitude, -1, true)).toBeCloseTo(down[i]!, 12);
    }
  });

  it.each<[RandAugmentOperation, number]>([
    ['posterize', 4],
    ['solarize', 256],
    ['brightness', 1.9],
  ])('%s at magnitude 10 without inc1, coin down', (name, argument) => {
    expect(operationArgument(name, 10, -1, false)).toBeCloseTo(argument, 12);
  });
});

describe('drawRandAugment, 10,000 pictures', () => {
  const random = new Random(7);
  const pictures = 10_000;
  const drawn = Array.from({ length: pictures }, () => drawRandAugment(policy, random));
  const flat = drawn.flat();

  it('none, one or two operations: 1/4, 1/2, 1/4', () => {
    for (const [count, share] of [0.25, 0.5, 0.25].entries()) {
      expectShare(drawn.filter((list) => list.length === count).length, pictures, share);
    }
  });

  it('every operation as often as any other, drawn with replacement', () => {
    expect(randAugmentOperations).toHaveLength(15);
    for (const operation of randAugmentOperations) {
      expectShare(flat.filter(({ name }) => name === operation).length, flat.length, 1 / 15);
    }
    const pairs = drawn.filter((list) => list.length === 2);
    expectShare(pairs.filter(([a, b]) => a!.name === b!.name).length, pairs.length, 1 / 15);
  });

  it('magnitudes have mean 9 and deviation 0.5, cut at 10; signs are fair', () => {
    const degrees = flat.filter(({ name }) => name === 'rotate').map(({ argument }) => argument);
    expectShare(degrees.filter((value) => value > 0).length, degrees.length, 0.5);
    const magnitudes = degrees.map((value) => Math.abs(value) / 3);
    expect(Math.max(...magnitudes)).toBe(10);
    expectShare(magnitudes.filter((value) => value === 10).length, magnitudes.length, 0.02275); // beyond 2 deviations
    expectShare(magnitudes.filter((value) => value > 9).length, magnitudes.length, 0.5);
    expectShare(magnitudes.filter((value) => value < 8.5).length, magnitudes.length, 0.158655); // below 1 deviation
    expectMean(magnitudes, 8.99576, 0.49); // 9 - 0.5 * 0.00849, what the cut takes away
  });
});

describe('applyOperations', () => {
  it('posterize, then rotate, as Pillow: rotate(27, BICUBIC, fillcolor) of posterize(noise, 1)', () => {
    const operations = [
      { name: 'posterize', argument: 1 },
      { name: 'rotate', argument: 27 },
    ] as const;
    const image = applyOperations(pillowInputs[0]!, operations, { filter: 'bicubic', fill: imagenetMeanColor });
    expect(digest(image)).toBe('5e4b80c5ec80');
  });

  it('no operation gives the picture itself', () => {
    expect(applyOperations(pillowInputs[0]!, [], { filter: 'bicubic', fill: [0, 0, 0] })).toBe(pillowInputs[0]);
  });
});
