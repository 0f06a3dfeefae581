import { describe, expect, it } from 'vitest';
import { drawCutmixBox, drawMix, type MixOptions, softTargets, unmixed } from '../../../src/data/augment/mix.js';
import { Random } from '../../../src/random.js';
import { expectMean, expectShare } from '../../support/statistics.js';

const recipe: MixOptions = { mixupAlpha: 0.8, cutmixAlpha: 1, probability: 1, switchProbability: 0.5, groups: 1 };
/** Of Beta(α, α): mean 1/2, variance 1 / (4 (2α + 1)). */
const betaDeviation = (alpha: number) => Math.sqrt(1 / (4 * (2 * alpha + 1)));

describe('drawMix, 10,000 batches of the recipe', () => {
  const random = new Random(15);
  const mixes = Array.from({ length: 10_000 }, () => drawMix(recipe, 224, random));
  const mixups = mixes.filter(({ blend }) => blend !== 1);
  const cutmixes = mixes.filter(({ blend }) => blend === 1);

  it('half of them mixup, half CutMix', () => {
    expectShare(cutmixes.length, mixes.length, 0.5);
  });

  it('mixup has no box and λ ~ Beta(0.8, 0.8)', () => {
    expect(mixups.every(({ box, blend, lambda }) => box.width === 0 && blend === lambda)).toBe(true);
    const lambdas = mixups.map(({ lambda }) => lambda);
    expectMean(lambdas, 0.5, betaDeviation(0.8));
    const { fourthMoment, variance } = { variance: 1 / (4 * 2.6), fourthMoment: 3 / (16 * 2.6 * 4.6) }; // about the mean
    expectMean(
      lambdas.map((value) => (value - 0.5) ** 2),
      variance,
      Math.sqrt(fourthMoment - variance ** 2),
    );
  });

  it("CutMix takes λ from the clipped box's area", () => {
    for (const { box, lambda } of cutmixes) {
      expect(lambda).toBe(1 - (box.width * box.height) / 224 ** 2);
      expect(box.left >= 0 && box.top >= 0 && box.left + box.width <= 224 && box.top + box.height <= 224).toBe(true);
    }
  });
});

describe('drawCutmixBox', () => {
  it('λ = 0.75 of 224: half the side, 112; 10,000 centres uniform over rows and columns', () => {
    const random = new Random(12);
    const boxes = Array.from({ length: 10_000 }, () => drawCutmixBox(0.75, 224, random));
    // A centre of 0 .. 223 whose reach of 56 touches neither border: 56 .. 168, 113 of 224.
    expectShare(boxes.filter(({ width }) => width === 112).length, boxes.length, 113 / 224);
    expectShare(boxes.filter(({ height }) => height === 112).length, boxes.length, 113 / 224);
    expectShare(boxes.filter(({ left }) => left === 0).length, boxes.length, 57 / 224);
  });

  it('an odd cut loses a pixel: int(10 * √(1 - 0.75)) = 5 reaches 2 to each side', () => {
    const random = new Random(13);
    const widths = Array.from({ length: 200 }, () => drawCutmixBox(0.75, 10, random).width);
    expect(Math.max(...widths)).toBe(4);
  });

  it.each([
    ['λ = 1 cuts nothing', 1, 0],
    ['λ = 0 of 4 cuts 2 around the centre: 4, or less at a border', 0, 4],
  ])('%s', (_, lambda, widest) => {
    const random = new Random(14);
    const widths = Array.from({ length: 200 }, () => drawCutmixBox(lambda, 4, random).width);
    expect(Math.max(...widths)).toBe(widest);
  });
});

describe('drawMix switches', () => {
  it.each([
    ['both off', { mixupAlpha: 0, cutmixAlpha: 0 }],
    ['probability 0', { probability: 0 }],
  ])('%s: batches stay', (_, change) => {
    expect(drawMix({ ...recipe, ...change }, 224, new Random(1))).toEqual(unmixed);
  });

  it('CutMix off: always mixup; mixup off: always CutMix', () => {
    const random = new Random(2);
    for (let i = 0; i < 100; i++) {
      expect(drawMix({ ...recipe, cutmixAlpha: 0 }, 224, random).blend).toBeLessThan(1);
      expect(drawMix({ ...recipe, mixupAlpha: 0 }, 224, random).blend).toBe(1);
    }
  });
});

describe('softTargets', () => {
  const fixed = (targets: Float32Array) => Array.from(targets, (value) => Number(value.toFixed(6)));

  it('labels 0 and 2 of 4, smoothing 0.1, λ 0.7: off 0.025, on 0.925, mixed with the other half of the batch', () => {
    // 0.7 * 0.925 + 0.3 * 0.025 = 0.655; 0.3 * 0.925 + 0.7 * 0.025 = 0.295
    expect(fixed(softTargets(Int32Array.of(0, 2), 4, 0.1, [0.7, 0.7]))).toEqual([
      0.655, 0.025, 0.295, 0.025, 0.295, 0.025, 0.655, 0.025,
    ]);
  });

  it('a partner of the same class changes nothing, no smoothing gives one-hot rows', () => {
    expect(fixed(softTargets(Int32Array.of(1, 1), 2, 0, [0.3, 0.3]))).toEqual([0, 1, 0, 1]);
    expect(fixed(softTargets(Int32Array.of(1, 0), 2, 0, [1, 1]))).toEqual([0, 1, 1, 0]);
  });
});
