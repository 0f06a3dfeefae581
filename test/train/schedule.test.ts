import { describe, expect, it } from 'vitest';
import {
  authorsCosineRate,
  learningRate,
  type RunLength,
  type Schedule,
  scaledRate,
  totalEpochs,
} from '../../src/train/schedule.js';

const rates = (schedule: Schedule, base: number, length: RunLength) => (step: number) =>
  learningRate(schedule, base, length, step);

describe('authorsCosine, CMT-S: 300 epochs, 20 of warm-up from 1e-7, batch 8 x 128', () => {
  const schedule = {
    name: 'authorsCosine',
    warmupEpochs: 20,
    warmupLr: 1e-7,
    minLr: 1e-5,
    cooldownEpochs: 10,
  } as const satisfies Schedule;
  const base = scaledRate(5e-4, 512, 1024);
  const at = (t: number) => authorsCosineRate(schedule, base, 300, t);

  it('the full rate is 1e-3, the run has 310 epochs', () => {
    expect(base).toBe(1e-3);
    expect(totalEpochs(schedule, 300)).toBe(310);
  });

  it.each([
    [0, 1e-7],
    [1, 5.0095e-5],
    [19, 9.50005e-4],
    [20, 9.89183062e-4], // straight onto the cosine: 1e-3 is never reached
    [21, 9.88078797e-4],
    [150, 5.05e-4],
    [299, 1.00271412e-5],
    [300, 1e-5],
    [309, 1e-5],
  ])('t = %i: %f, as timm', (t, expected) => {
    expect(at(t) / expected).toBeCloseTo(1, 8);
  });

  it('every epoch between: warm-up on a line, the cosine symmetric about the middle and falling', () => {
    for (let t = 1; t < 20; t++) expect(at(t) - at(t - 1)).toBeCloseTo((1e-3 - 1e-7) / 20, 15);
    for (let t = 20; t <= 280; t++) expect(at(t) + at(300 - t)).toBeCloseTo(1e-3 + 1e-5, 15);
    for (let t = 21; t <= 300; t++) expect(at(t)).toBeLessThan(at(t - 1));
  });

  it('epoch e trains with the rate of t = e - 1, epochs 0 and 1 both with the first one', () => {
    const stepsPerEpoch = 1251;
    const rate = rates(schedule, base, { epochs: 300, stepsPerEpoch });
    for (let epoch = 0; epoch < 310; epoch++) {
      const expected = at(Math.max(0, epoch - 1));
      expect(rate(epoch * stepsPerEpoch)).toBe(expected);
      expect(rate((epoch + 1) * stepsPerEpoch - 1)).toBe(expected);
    }
  });
});

describe('unshiftedCosine, 300 epochs of 312 steps, 5 of warm-up, rate 6e-3', () => {
  const rate = rates({ name: 'unshiftedCosine', warmupEpochs: 5 }, 6e-3, { epochs: 300, stepsPerEpoch: 312 });

  it.each([
    ['step 0: 1 / 1560 and a millionth of the rate', 0, 6e-3 * (1 / 1560 + 1e-6)],
    ['last step of warm-up: all of it, and a millionth', 1559, 6e-3 * (1 + 1e-6)],
    ['first step after: (1 + cos(π · 5 / 295)) / 2', 1560, 6e-3 * 0.99929126],
    ['zero at the end of epoch 295', 295 * 312, 0],
    ['and up again in the last one: (1 + cos(π · 300 / 295)) / 2', 300 * 312, 6e-3 * 7.0874e-4],
  ])('%s', (_, step, expected) => {
    expect(rate(step)).toBeCloseTo(expected, 8);
  });
});

describe('step, detection 1x: 12 epochs of 7330, a tenth after 8 and 11, 500 steps of warm-up from a thousandth', () => {
  const schedule = {
    name: 'step',
    milestones: [8, 11],
    factor: 0.1,
    warmupSteps: 500,
    warmupEpochs: null,
    warmupFactor: 0.001,
    warmupLr: null,
  } as const;
  const rate = rates({ ...schedule, milestones: [...schedule.milestones] }, 0.01, { epochs: 12, stepsPerEpoch: 7330 });

  it.each([
    [0, 1e-5],
    [250, 0.005005],
    [499, 0.00998002],
    [500, 0.01],
    [8 * 7330 - 1, 0.01],
    [8 * 7330, 1e-3],
    [11 * 7330 - 1, 1e-3],
    [11 * 7330, 1e-4],
    [12 * 7330 - 1, 1e-4],
  ])('step %i: %f', (step, expected) => {
    expect(rate(step)).toBeCloseTo(expected, 12);
  });
});

describe('cosine and constant', () => {
  const warmup = { warmupSteps: 500, warmupEpochs: 2, warmupFactor: 0.001, warmupLr: 1e-6 };
  const length = { epochs: 12, stepsPerEpoch: 100 };

  it('cosine after 2 epochs of warm-up: full rate at step 200, half way at 700, the last one from 1200 on', () => {
    const schedule = { name: 'cosine', ...warmup, minLr: 1e-5, cooldownEpochs: 3 } as const;
    const rate = rates(schedule, 1e-3, length);
    expect(rate(0)).toBe(1e-6);
    expect(rate(100)).toBeCloseTo((1e-3 + 1e-6) / 2, 15);
    expect(rate(200)).toBe(1e-3);
    expect(rate(700)).toBeCloseTo((1e-3 + 1e-5) / 2, 15);
    expect(rate(1200)).toBeCloseTo(1e-5, 15);
    expect(rate(1499)).toBeCloseTo(1e-5, 15);
    expect(totalEpochs(schedule, 12)).toBe(15);
  });

  it('constant stays after warm-up; without one it is constant from the first step', () => {
    const rate = rates({ name: 'constant', ...warmup }, 1e-3, length);
    expect([0, 200, 1199].map(rate)).toEqual([1e-6, 1e-3, 1e-3]);
    const cold = { name: 'constant', ...warmup, warmupEpochs: null, warmupSteps: 0 } as const;
    expect(learningRate(cold, 1e-3, length, 0)).toBe(1e-3);
  });
});

describe('scaledRate', () => {
  it.each([
    ['CMT-Ti: 8e-4 at 8 x 256', 8e-4, 512, 2048, 3.2e-3],
    ['CMT-XS: 7e-4 at 8 x 256', 7e-4, 512, 2048, 2.8e-3],
    ['CMT-B: 5e-4 at 8 x 64', 5e-4, 512, 512, 5e-4],
    ['no base batch: as it is', 6e-3, null, 4096, 6e-3],
  ])('%s', (_, lr, baseBatch, batch, expected) => {
    expect(scaledRate(lr, baseBatch, batch)).toBeCloseTo(expected, 15);
  });
});
