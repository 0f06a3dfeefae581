import { describe, expect, it } from 'vitest';
import type { DetectionRecord } from '../../../src/data/detection/dataset.js';
import { repeatFactors, sampleByRepeatFactor, sampleClassBalanced } from '../../../src/data/detection/sampling.js';
import { Random } from '../../../src/random.js';

const records = (labels: readonly (readonly number[])[]): DetectionRecord[] =>
  labels.map((list, i) => ({
    imageId: i,
    file: `${i}`,
    width: 10,
    height: 10,
    boxes: new Float32Array(4 * list.length),
    labels: Int32Array.from(list),
  }));

/** 100 pictures: class 0 in 96, class 1 in 4 (the first of them with both), the last one without boxes. */
const rare = records(Array.from({ length: 100 }, (_, i) => (i < 95 ? [0] : i === 95 ? [0, 1, 1] : i < 99 ? [1] : [])));

describe('samplers', () => {
  it('repeat factors: √(threshold ÷ share), by the rarest class, never less than 1', () => {
    const factors = repeatFactors(rare, 0.16);
    expect(factors[0]).toBe(1); // √(0.16 / 0.96) < 1
    expect(factors[95]).toBe(2); // √(0.16 / 0.04)
    expect(factors[96]).toBe(2);
    expect(factors[99]).toBe(1); // no boxes
  });

  it('repeat factor 1.5: once or twice, 1.5 times on average; the others once', () => {
    const sampler = sampleByRepeatFactor(rare, 0.09); // √(0.09 / 0.04)
    let times = 0;
    for (let epoch = 0; epoch < 2000; epoch++) {
      const order = sampler(new Random(7).fork(epoch));
      const count = order.filter((index) => index === 97).length;
      expect([1, 2]).toContain(count);
      times += count;
      expect(order.filter((index) => index === 3)).toHaveLength(1);
    }
    expect(times / 2000).toBeCloseTo(1.5, 1);
  });

  it('class balanced: as many pictures as before, each class and the empty ones as often', () => {
    const sampler = sampleClassBalanced(rare);
    const counts = { common: 0, rare: 0, empty: 0 };
    for (let epoch = 0; epoch < 300; epoch++) {
      const order = sampler(new Random(epoch));
      expect(order).toHaveLength(100);
      for (const index of order) counts[index < 95 ? 'common' : index < 99 ? 'rare' : 'empty']++;
    }
    expect(counts.empty / 30_000).toBeCloseTo(1 / 3, 1);
    expect(counts.common / 30_000).toBeCloseTo(1 / 3, 1); // picture 95 is drawn for either class
  });

  it('class balanced: no picture of a class comes again before all of them have come', () => {
    const order = sampleClassBalanced(records([[0], [0], [0], [0]]))(new Random(5));
    expect([...order].sort()).toEqual([0, 1, 2, 3]);
  });
});
