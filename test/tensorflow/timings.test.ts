import { expect, test } from 'vitest';
import { type OperationTiming, toChromeTrace, totalsByType } from '../../src/tensorflow/timings.js';

const operation = (type: string, startUs: number, durationUs: number, device = 'CPU'): OperationTiming => ({
  name: `${type}_1`,
  type,
  device,
  startUs,
  durationUs,
  bytes: 2 ** 19,
  shape: [2, 3],
});

test('sums by kind, longest first', () => {
  const operations = [operation('Add', 0, 100), operation('Mul', 0, 500), operation('Add', 200, 300)];
  expect(totalsByType(operations)).toEqual([
    { type: 'Mul', count: 1, totalMs: 0.5, mebibytes: 0.5 },
    { type: 'Add', count: 2, totalMs: 0.4, mebibytes: 1 },
  ]);
});

test('a trace has a process for each device, and rows in which nothing overlaps', () => {
  const operations = [
    operation('A', 0, 10),
    operation('B', 5, 10), // while A runs
    operation('C', 10, 2), // A's row is free again
    operation('D', 12, 1, 'GPU'),
    operation('E', 14, 1), // B still runs
  ];
  const { traceEvents } = JSON.parse(toChromeTrace(operations));
  const rows = traceEvents.filter(({ ph }: { ph: string }) => ph === 'X');
  expect(rows.map(({ name, pid, tid }: Record<string, unknown>) => [name, pid, tid])).toEqual([
    ['A', 0, 0],
    ['B', 0, 1],
    ['C', 0, 0],
    ['D', 1, 0],
    ['E', 0, 0],
  ]);
  expect(rows[0]).toMatchObject({ ts: 0, dur: 10, args: { node: 'A_1', bytes: 2 ** 19, shape: '[2, 3]' } });
  expect(traceEvents[1]).toEqual({ ph: 'M', name: 'process_name', pid: 1, args: { name: 'GPU' } });
});
