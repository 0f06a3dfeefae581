import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { busyMs, profile, summarise } from '../../src/cli/profile.js';
import { UsageError } from '../../src/errors.js';
import type { OperationTiming } from '../../src/tensorflow/timings.js';
import { outputOf } from '../support/standardOutput.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

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

describe('a small detector', () => {
  const small = { batch: 1, size: '64', steps: 2 };

  test.each(['train', 'forward'] as const)('%s: convolutions in it, and a trace that can be read', async (mode) => {
    const out = temporaryFolder();
    const result = JSON.parse(await outputOf(() => profile('configs/smoke.yaml', { ...small, mode, out, json: true })));
    expect(result).toMatchObject({ model: 'configs/smoke.yaml', mode, batch: 1, inputSize: [64, 64], steps: 2 });
    const kinds: string[] = result.operations.map(({ type }: { type: string }) => type);
    expect(kinds.some((kind) => kind.includes('Conv2D'))).toBe(true);
    expect(kinds.some((kind) => kind.includes('ResourceApplyAdam'))).toBe(mode === 'train');
    const total = result.operations.reduce((sum: number, { share }: { share: number }) => sum + share, 0);
    expect(total).toBeCloseTo(1, 6);
    expect(result.busyMs).toBeGreaterThan(0);
    expect(result.busyMs).toBeLessThanOrEqual(result.recordedWallMs);
    const { traceEvents } = JSON.parse(readFileSync(join(out, 'trace.json'), 'utf8'));
    const counted = result.operations.reduce((sum: number, { count }: { count: number }) => sum + count, 0);
    expect(traceEvents.filter(({ ph }: { ph: string }) => ph === 'X')).toHaveLength(counted);
  });

  test('for people: a table of operations, and the times of a step', async () => {
    const text = await outputOf(() => profile('configs/smoke.yaml', { ...small, steps: 1, mode: 'forward' }));
    expect(text).toMatch(/^configs\/smoke.yaml: inference on 1 x 64 x 64, mean of 1 recorded steps\n/);
    expect(text).toMatch(/\noperation on \/device:CPU:0 +count +ms +share +MiB written\n/);
    expect(text).toMatch(/\nwall time +\d+\.\d ms\n/);
  });
});

test('what cannot be', async () => {
  const options = { mode: 'train', steps: 1 } as const;
  await expect(profile('cmt_x', options)).rejects.toThrow('cmt_x: no file, and no model of that name');
  await expect(profile('cmt_ti', { ...options, size: '64x96' })).rejects.toThrow(UsageError);
  await expect(profile('cmt_ti', { ...options, size: '6.5' })).rejects.toThrow('expected pixels');
});
