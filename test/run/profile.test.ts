import { describe, expect, test } from 'vitest';
import { UsageError } from '../../src/errors.js';
import { busyMs, exchangeOf } from '../../src/run/exchange.js';
import { profile, summarise } from '../../src/run/profile.js';
import type { OperationTiming } from '../../src/tensorflow/timings.js';

const operation = (startUs: number, durationUs: number, rest: Partial<OperationTiming> = {}): OperationTiming => ({
  name: 'a',
  type: 'Mul',
  device: '/device:CPU:0',
  startUs,
  durationUs,
  bytes: 2 ** 20,
  shape: [],
  ...rest,
});

describe('what operations add up to', () => {
  test('overlap, one inside another, a gap: 0-40 and 50-60', () => {
    const operations = [operation(0, 30), operation(5, 10), operation(20, 20), operation(50, 10)];
    expect(busyMs(operations)).toBeCloseTo(0.05, 12);
  });

  test('no operations: no time', () => {
    expect(busyMs([])).toBe(0);
    expect(summarise([], 1)).toEqual({ operationsMs: 0, busyMs: 0, operations: [] });
  });

  test('two steps: times and counts of one; shares of each device', () => {
    const step = [
      operation(0, 3000),
      operation(0, 1000, { type: 'Add' }),
      operation(0, 8000, { device: '/device:GPU:0' }),
    ];
    const { operations, ...rest } = summarise([step, step], 2);
    expect(rest).toEqual({ operationsMs: 12, busyMs: 8 });
    expect(operations).toEqual([
      { device: '/device:CPU:0', type: 'Mul', count: 1, totalMs: 3, share: 0.75, mebibytes: 1 },
      { device: '/device:CPU:0', type: 'Add', count: 1, totalMs: 1, share: 0.25, mebibytes: 1 },
      { device: '/device:GPU:0', type: 'Mul', count: 1, totalMs: 8, share: 1, mebibytes: 1 },
    ]);
  });
});

describe('an exchange in a step', () => {
  const reduce = { type: 'CollectiveReduceV2' };
  // Computing 0-100; exchanges 60-90 and 90-150; a last operation 150-160.
  const own = [
    operation(0, 100),
    operation(60, 30, reduce),
    operation(90, 60, reduce),
    operation(95, 5, { type: 'RecvBuf' }),
    operation(150, 10),
  ];

  test('the other comes 20 later to the first exchange, and is waited for by nobody in the second', async () => {
    const gatherJson = async <T>(mine: T) => [mine, [[10, 75]] as T];
    expect(await exchangeOf([own], 1, { index: 0, gatherJson })).toEqual({
      workers: 2,
      index: 0,
      computingMs: 0.11,
      waitingMs: expect.closeTo(0.02, 12),
      movingMs: 0.07,
      hiddenMs: expect.closeTo(0.04, 12),
    });
  });

  test('two runs of one step: sums', async () => {
    const { computingMs, movingMs } = await exchangeOf([own, own], 1, {
      index: 1,
      gatherJson: async (mine) => [mine, mine],
    });
    expect([computingMs, movingMs]).toEqual([0.22, 0.18]);
  });
});

test('a small detector: what was asked for, and how far it is', async () => {
  const heard: string[] = [];
  const onProgress = (done: number, total: number, what: string) => heard.push(`${what} ${done}/${total}`);
  const model = 'configs/smoke.yaml';
  const result = await profile({ model, mode: 'forward', size: [64, 64], steps: 1, observer: { onProgress } });
  expect(result).toMatchObject({ model, mode: 'forward', batch: 1, inputSize: [64, 64], steps: 1 });
  expect(result.lastStep.some(({ type }) => type.includes('Conv2D'))).toBe(true);
  expect(heard).toEqual(['tracing 0/2', 'tracing 1/2', 'timing 0/1', 'recording 0/1']);
});

test('what cannot be', async () => {
  await expect(profile({ model: 'cmt_x' })).rejects.toThrow('cmt_x: no file, and no model of that name');
  await expect(profile({ model: 'cmt_ti', size: [64, 96] })).rejects.toThrow(UsageError);
});
