import { describe, expect, it } from 'vitest';
import { epochLength, epochOrder } from '../../../src/data/classification/sampler.js';
import { deal, partsOf } from '../../../src/data/loading/shard.js';
import { Random } from '../../../src/random.js';

const order = (options: { count: number; repeats: number }, seed = 0) => [...epochOrder(options, new Random(seed))];

describe('epochLength', () => {
  it.each([
    ["ImageNet, 3 views: the authors' 160,128 on each of 8 devices", 1281167, 3, 8 * 160128],
    ['ImageNet, 1 view', 1281167, 1, 1281167],
    ['255 pictures are not rounded to none', 255, 3, 255],
  ])('%s', (_, count, repeats, expected) => {
    expect(epochLength({ count, repeats })).toBe(expected);
  });
});

describe('epochOrder', () => {
  it('one view: each picture once, another order for another seed', () => {
    const first = order({ count: 100, repeats: 1 });
    expect(first.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(first).not.toEqual(order({ count: 100, repeats: 1 }, 1));
  });

  it('three views: a third of the pictures, three times in a row', () => {
    const views = order({ count: 768, repeats: 3 });
    expect(views).toHaveLength(768);
    expect(new Set(views).size).toBe(256);
    for (let i = 0; i < views.length; i += 3) expect(new Set(views.slice(i, i + 3)).size).toBe(1);
  });

  it.each([
    ['eight devices', [0, 1, 2, 3, 4, 5, 6, 7].map((index) => ({ batchSize: 128, shard: { index, count: 8 } }))],
    ['one that accumulates eight', [{ batchSize: 128, accumulate: 8 }]],
    [
      'two that accumulate four',
      [0, 1].map((index) => ({ batchSize: 128, accumulate: 4, shard: { index, count: 2 } })),
    ],
  ])('%s with 128 of 1,024 views, three of each picture: 128 different pictures in every part', (_, processes) => {
    const views = order({ count: 4096, repeats: 3 });
    for (let update = 0; update < 4; update++) {
      const globalBatch = views.slice(1024 * update, 1024 * (update + 1));
      const parts = processes.flatMap((sharing) => partsOf(sharing).map((part) => deal(globalBatch, part)));
      expect(parts.map((part) => new Set(part).size)).toEqual(Array(8).fill(128));
      expect(parts.flat().toSorted()).toEqual(globalBatch.toSorted());
    }
  });
});
