import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { orderedPrefetch } from '../../../src/data/parallel/orderedPrefetch.js';

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
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
