import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { orderedPrefetch } from '../../../src/data/parallel/orderedPrefetch.js';

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Numbers by and by; tells how many were taken, and whether the source was ended. */
function source(count: number) {
  const seen = { taken: 0, ended: false };
  async function* numbers() {
    try {
      for (let i = 0; i < count; i++) {
        seen.taken++;
        yield i;
      }
    } finally {
      seen.ended = true;
    }
  }
  return { seen, numbers: numbers() };
}

describe('orderedPrefetch', () => {
  it('keeps the order of the jobs when later ones end first', async () => {
    const results = orderedPrefetch([30, 20, 10, 0], (ms) => delay(ms, ms), 4);
    expect(await collect(results)).toEqual([30, 20, 10, 0]);
  });

  it('back-pressure: never more than `ahead` begun beyond what was taken', async () => {
    let begun = 0;
    let taken = 0;
    const run = async (job: number) => {
      begun++;
      return job;
    };
    for await (const _ of orderedPrefetch(
      Array.from({ length: 20 }, (_, i) => i),
      run,
      3,
    )) {
      taken++;
      await delay(1);
      expect(begun).toBe(Math.min(20, taken + 3));
    }
    expect(taken).toBe(20);
  });

  it('an error comes in its turn, after the good results before it, and starts nothing more', async () => {
    const begun: number[] = [];
    const run = async (job: number) => {
      begun.push(job);
      if (job === 2) throw new Error('job 2');
      return job;
    };
    const taken: number[] = [];
    const loop = async () => {
      for await (const item of orderedPrefetch([0, 1, 2, 3, 4, 5, 6, 7], run, 2)) taken.push(item);
    };
    await expect(loop()).rejects.toThrow('job 2');
    expect(taken).toEqual([0, 1]);
    expect(begun).toEqual([0, 1, 2, 3]);
  });

  it('leaving the loop waits for what is under way', async () => {
    let ended = 0;
    const run = async (job: number) => {
      await delay(5);
      ended++;
      return job;
    };
    for await (const _ of orderedPrefetch([0, 1, 2, 3, 4], run, 3)) break;
    expect(ended).toBe(4);
  });

  it('no jobs, no results', async () => {
    expect(await collect(orderedPrefetch([], async () => 1, 3))).toEqual([]);
  });
});

describe('orderedPrefetch, of jobs that come by and by', () => {
  it('results come in the order of the jobs, whichever is done first', async () => {
    const run = async (i: number) => {
      await delay((5 - i) * 3);
      return 10 * i;
    };
    expect(await collect(orderedPrefetch(source(5).numbers, run, 3))).toEqual([0, 10, 20, 30, 40]);
    expect(await collect(orderedPrefetch([3, 1], run, 3))).toEqual([30, 10]);
    expect(await collect(orderedPrefetch([], run, 3))).toEqual([]);
  });

  it('no more are taken than are asked for ahead, however fast the source is', async () => {
    const { seen, numbers } = source(1000);
    const items = orderedPrefetch(numbers, async (i) => i, 3);
    await items.next();
    await delay(10);
    expect(seen.taken).toBeLessThanOrEqual(1 + 3);
    await items.return();
    expect(seen.ended).toBe(true);
  });

  it('an error comes in its turn, after the results before it, and ends the source', async () => {
    const { seen, numbers } = source(10);
    const got: number[] = [];
    const run = async (i: number) => {
      if (i === 2) throw new Error('two');
      return i;
    };
    const loop = async () => {
      for await (const item of orderedPrefetch(numbers, run, 4)) got.push(item);
    };
    await expect(loop()).rejects.toThrow('two');
    expect(got).toEqual([0, 1]);
    expect(seen.ended).toBe(true);
  });
});
