import { describe, expect, it } from 'vitest';
import {
  authorsCosineRate,
  learningRate,
  type RunLength,
  runLength,
  type Schedule,
  scaledRate,
  totalEpochs,
} from '../../src/train/schedule.js';

const rates = (schedule: Schedule, base: number, length: RunLength) => (step: number) =>
  learningRate(schedule, base, length, step);

/** Epochs of one length. */
const even = (schedule: Schedule, epochs: number, steps: number) => runLength(schedule, epochs, () => steps);

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
    const rate = rates(schedule, base, even(schedule, 300, stepsPerEpoch));
    for (let epoch = 0; epoch < 310; epoch++) {
      const expected = at(Math.max(0, epoch - 1));
      expect(rate(epoch * stepsPerEpoch)).toBe(expected);
      expect(rate((epoch + 1) * stepsPerEpoch - 1)).toBe(expected);
    }
  });
});

describe('unshiftedCosine, 300 epochs of 312 steps, 5 of warm-up, rate 6e-3', () => {
  const schedule = { name: 'unshiftedCosine', warmupEpochs: 5 } as const;
  const rate = rates(schedule, 6e-3, even(schedule, 300, 312));

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
    name: 'step' as const,
    milestones: [8, 11],
    factor: 0.1,
    warmupSteps: 500,
    warmupEpochs: null,
    warmupFactor: 0.001,
    warmupLr: null,
  } satisfies Schedule;
  const rate = rates(schedule, 0.01, even(schedule, 12, 7330));

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

  it('cosine after 2 epochs of warm-up: full rate at step 200, half way at 700, the last one from 1200 on', () => {
    const schedule = { name: 'cosine', ...warmup, minLr: 1e-5, cooldownEpochs: 3 } as const;
    const rate = rates(schedule, 1e-3, even(schedule, 12, 100));
    expect(rate(0)).toBe(1e-6);
    expect(rate(100)).toBeCloseTo((1e-3 + 1e-6) / 2, 15);
    expect(rate(200)).toBe(1e-3);
    expect(rate(700)).toBeCloseTo((1e-3 + 1e-5) / 2, 15);
    expect(rate(1200)).toBeCloseTo(1e-5, 15);
    expect(rate(1499)).toBeCloseTo(1e-5, 15);
    expect(totalEpochs(schedule, 12)).toBe(15);
  });

  it('constant stays after warm-up; without one it is constant from the first step', () => {
    const schedule = { name: 'constant', ...warmup } as const;
    const length = even(schedule, 12, 100);
    const rate = rates(schedule, 1e-3, length);
    expect([0, 200, 1199].map(rate)).toEqual([1e-6, 1e-3, 1e-3]);
    const cold = { name: 'constant', ...warmup, warmupEpochs: null, warmupSteps: 0 } as const;
    expect(learningRate(cold, 1e-3, length, 0)).toBe(1e-3);
  });
});

describe('epochs of 10, 20, 30 and 40 steps, which begin at 0, 10, 30 and 60', () => {
  const warmup = { warmupSteps: 0, warmupEpochs: 1.5, warmupFactor: 0, warmupLr: null };
  const uneven = (schedule: Schedule, epochs: number) => runLength(schedule, epochs, (epoch) => 10 * (epoch + 1));

  it('they begin where the ones before end; epochs at the last rate count too', () => {
    const schedule = { name: 'cosine', ...warmup, minLr: 0, cooldownEpochs: 1 } as const;
    expect(uneven(schedule, 3)).toEqual({ epochs: 3, starts: [0, 10, 30, 60, 100] });
  });

  it('milestones 1 and 3 are steps 10 and 60', () => {
    const schedule = { name: 'step', milestones: [1, 3], factor: 0.1, ...warmup, warmupEpochs: null } as const;
    const rate = rates({ ...schedule, milestones: [1, 3] }, 1, uneven({ ...schedule, milestones: [1, 3] }, 4));
    expect([9, 10, 59, 60, 99].map((step) => Number(rate(step).toFixed(9)))).toEqual([1, 0.1, 0.1, 0.01, 0.01]);
  });

  it('a warm-up of one and a half epochs is 10 + 20 / 2 = 20 steps; the cosine is half way at (20 + 60) / 2 and ends at 60', () => {
    const schedule = { name: 'cosine', ...warmup, minLr: 0, cooldownEpochs: 1 } as const;
    const rate = rates(schedule, 1, uneven(schedule, 3));
    expect([0, 10, 20, 40, 60, 99].map((step) => Number(rate(step).toFixed(9)))).toEqual([0, 0.5, 1, 0.5, 0, 0]);
  });

  it("the authors' cosine changes at 30 and 60, an epoch late, and at no other step", () => {
    const schedule = {
      name: 'authorsCosine',
      warmupEpochs: 1,
      warmupLr: 0,
      minLr: 0,
      cooldownEpochs: 0,
    } as const satisfies Schedule;
    const rate = rates(schedule, 1, uneven(schedule, 4));
    const changes = Array.from({ length: 99 }, (_, i) => i + 1).filter((step) => rate(step) !== rate(step - 1));
    expect(changes).toEqual([30, 60]);
  });

  it('the unshifted cosine: 1 epoch of warm-up is 10 steps, zero after 4 - 1 epochs, at step 60', () => {
    const schedule = { name: 'unshiftedCosine', warmupEpochs: 1 } as const;
    const rate = rates(schedule, 1, uneven(schedule, 4));
    expect(rate(9)).toBeCloseTo(1 + 1e-6, 12);
    expect(rate(30)).toBeCloseTo(0.5, 12);
    expect(rate(60)).toBeCloseTo(0, 12);
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

describe('time as the limit: cosine from 1 to 0 over 100 steps in 10 epochs, 10 steps of warm-up from 0.1', () => {
  const schedule = {
    name: 'cosine',
    warmupSteps: 10,
    warmupEpochs: null,
    warmupFactor: 0.1,
    warmupLr: null,
    minLr: 0,
    cooldownEpochs: 0,
  } as const satisfies Schedule;
  const counted = even(schedule, 10, 10);
  const byTime = runLength(schedule, null, () => 10);

  it.each([
    [0, 0.5, 0.1], // warm-up goes by steps alone
    [5, 0, 0.55],
    [55, 0, 0.5], // as without a limit: half of the way from step 10 to 100
    [55, 0.3, 0.5], // time is behind the steps
    [20, 0.55, 0.5], // time is ahead: as at step 55
    [20, 1, 0],
    [20, 1.2, 0], // a step that began in time ends after it
  ])('step %i, share of the time %f: %f', (step, share, expected) => {
    expect(learningRate(schedule, 1, counted, step, share)).toBeCloseTo(expected, 12);
  });

  it.each([
    [0, 0, 0.1],
    [5, 0.01, 0.55],
    [2, 0.9, 0.0244717419], // so little time that it is over in the warm-up: (1 + cos 0.9 pi) / 2
    [1000, 0.5, 0.5],
    [1000, 1, 0],
  ])('without a number of epochs, step %i, share of the time %f: %f', (step, share, expected) => {
    expect(learningRate(schedule, 1, byTime, step, share)).toBeCloseTo(expected, 9);
  });

  it('warm-up of two epochs without a number of epochs: 20 steps of 10 each', () => {
    const warm = { ...schedule, warmupEpochs: 2 };
    const length = runLength(warm, null, () => 10);
    expect(learningRate(warm, 1, length, 10, 0)).toBeCloseTo(0.55, 12);
    expect(learningRate(warm, 1, length, 20, 0)).toBe(1);
  });

  it('step and time: the milestone after half of the epochs comes after half of the time', () => {
    const steps: Schedule = { ...schedule, name: 'step', milestones: [5], factor: 0.1, warmupSteps: 0 };
    expect(learningRate(steps, 1, counted, 10, 0.49)).toBe(1);
    expect(learningRate(steps, 1, counted, 10, 0.5)).toBe(0.1);
  });
});
