import { beforeAll, describe, expect, test } from 'vitest';
import { useEagerBackend } from '../../src/tensorflow/backend.js';
import { type SharedOutcome, type SharedSteps, sharedSteps } from '../support/sharedSteps.js';
import { runWorkers } from '../support/workerProcesses.js';

/** Largest difference between two outcomes: of losses, and of weights relative to the largest of their tensor. */
function difference(a: SharedOutcome, b: SharedOutcome): { loss: number; weights: number } {
  const losses = a.results.map(({ loss }, i) => Math.abs(loss - b.results[i]!.loss));
  const weights = Object.entries(a.values).map(([name, values]) => {
    const scale = Math.max(1e-3, ...values.map(Math.abs));
    return Math.max(...values.map((value, i) => Math.abs(value - b.values[name]![i]!) / scale));
  });
  return { loss: Math.max(...losses), weights: Math.max(...weights) };
}

const base: SharedSteps = { batchSize: 8, batchNorm: 'sync', steps: 20 };
/** Runs that 2 workers make one after the other, since starting them takes longer than the runs do. */
const runs = {
  sync: base,
  frozen: { ...base, batchNorm: 'frozen' },
  compiled: { ...base, steps: 5, fuse: true },
  accumulated: { ...base, steps: 10, accumulate: 2 },
  odd: { ...base, batchSize: 6, steps: 5 },
  local: { ...base, batchNorm: 'local', steps: 5 },
  broken: { ...base, batchSize: 4, steps: 2, accumulate: 2, broken: [1, 2] },
  scaled: { ...base, lossScale: 1024 },
} satisfies Record<string, SharedSteps>;

describe('a step that several workers make together', () => {
  let two: Record<keyof typeof runs, readonly [first: SharedOutcome, second: SharedOutcome]>;

  beforeAll(async () => {
    useEagerBackend();
    const [first, second] = await runWorkers<SharedOutcome[]>(2, './sharedSteps.ts', Object.values(runs));
    const pairs = Object.keys(runs).map((name, i) => [name, [first![i]!, second![i]!]] as const);
    two = Object.fromEntries(pairs) as typeof two;
  });

  test.each<[string, keyof typeof runs]>([
    ['2 x 4, statistics of all', 'sync'],
    ['2 x 4, frozen statistics', 'frozen'],
    ['2 x 4, compiled chains', 'compiled'],
    ['2 x 4, accumulated', 'accumulated'],
    ['2 x 3: pairs with one in the middle', 'odd'],
  ])('%s: as one worker with all pictures', async (_, name) => {
    const { loss, weights } = difference(await sharedSteps(runs[name]), two[name][0]);
    expect(loss).toBeLessThan(1e-4);
    expect(weights).toBeLessThan(1e-3);
  });

  test('4 x 2, on a network that is late by chance, 100 steps: as one worker with all pictures', {
    timeout: 180_000,
  }, async () => {
    const long: SharedSteps = { ...base, batchNorm: 'frozen', steps: 100 };
    const four = await runWorkers<SharedOutcome[]>(4, './sharedSteps.ts', [base, long], 3);
    expect(difference(await sharedSteps(long), four[0]![1]!).loss).toBeLessThan(1e-4);
    const { loss, weights } = difference(await sharedSteps(base), four[0]![0]!);
    expect(loss).toBeLessThan(1e-4);
    expect(weights).toBeLessThan(1e-3);
    for (const other of four.slice(1)) expect(other).toEqual(four[0]);
  });

  test('all variables of both workers are the same to the last bit', () => {
    for (const [first, second] of Object.values(two)) expect(second).toEqual(first);
  });

  test('statistics of each part: another step than with all pictures', async () => {
    expect(difference(await sharedSteps(runs.local), two.local[0]).loss).toBeGreaterThan(1e-3);
  });

  test('a value that is no number on one worker: both leave the step out', async () => {
    const [{ results, values }] = two.broken;
    expect(results.map(({ finite }) => finite)).toEqual([true, false, false, true]);
    expect(difference({ ...(await sharedSteps(runs.broken)), results: [] }, { results, values }).weights).toBeLessThan(
      1e-3,
    );
  });

  test('a scaled loss changes no bit', () => {
    expect(two.scaled[0]).toEqual(two.sync[0]);
  });
});
