import { describe, expect, it } from 'vitest';
import { epochLength, epochOrder } from '../../../src/data/classification/sampler.js';
import { Random } from '../../../src/random.js';

const order = (options: { count: number; repeats: number; rank?: number; world?: number }, seed = 0) => [
  ...epochOrder({ rank: 0, world: 1, ...options }, new Random(seed)),
];

describe('epochLength', () => {
  it.each([
    ["ImageNet on 8 machines, 3 views: the authors' 160,128", 1281167, 3, 8, 160128],
    ['ImageNet on 8 machines, 1 view', 1281167, 1, 8, 160145],
    ['255 pictures are not rounded to none', 255, 3, 2, 127],
    ['fewer pictures than machines', 3, 1, 4, 0],
  ])('%s', (_, count, repeats, world, expected) => {
    expect(epochLength({ count, repeats, rank: 0, world })).toBe(expected);
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

  it('machines take turns: together they see what one alone would', () => {
    const alone = order({ count: 1024, repeats: 3 });
    const ranks = [0, 1, 2, 3].map((rank) => order({ count: 1024, repeats: 3, rank, world: 4 }));
    expect(ranks.map(({ length }) => length)).toEqual([256, 256, 256, 256]);
    expect(Array.from({ length: 1024 }, (_, i) => ranks[i % 4]![Math.floor(i / 4)])).toEqual(alone);
  });
});
