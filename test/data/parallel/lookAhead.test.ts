import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { lookAhead } from '../../../src/data/parallel/lookAhead.js';

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

test('results come in the order of the jobs, whichever is done first', async () => {
  const run = async (i: number) => {
    await sleep((5 - i) * 3);
    return 10 * i;
  };
  expect(await collect(lookAhead(source(5).numbers, run, 3))).toEqual([0, 10, 20, 30, 40]);
  expect(await collect(lookAhead([3, 1], run, 3))).toEqual([30, 10]);
  expect(await collect(lookAhead([], run, 3))).toEqual([]);
});

test('no more are taken than are asked for ahead, however fast the source is', async () => {
  const { seen, numbers } = source(1000);
  const items = lookAhead(numbers, async (i) => i, 3);
  await items.next();
  await sleep(10);
  expect(seen.taken).toBeLessThanOrEqual(1 + 3);
  await items.return();
  expect(seen.ended).toBe(true);
});

test('an error comes in its turn, after the results before it, and ends the source', async () => {
  const { seen, numbers } = source(10);
  const got: number[] = [];
  const run = async (i: number) => {
    if (i === 2) throw new Error('two');
    return i;
  };
  const loop = async () => {
    for await (const item of lookAhead(numbers, run, 4)) got.push(item);
  };
  await expect(loop()).rejects.toThrow('two');
  expect(got).toEqual([0, 1]);
  expect(seen.ended).toBe(true);
});
