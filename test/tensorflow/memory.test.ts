import { describe, expect, test } from 'vitest';
import { dataTypes } from '../../src/tensorflow/hostTensor.js';
import { memoryNeed } from '../../src/tensorflow/memory.js';
import type { PlannedOperation } from '../../src/tensorflow/plan.js';

/** An operation with one float output of `size` numbers, 4 bytes each. */
function operation(
  type: string,
  size: number,
  inputs: readonly number[],
  after: readonly number[] = [],
): PlannedOperation {
  return {
    name: type,
    type,
    inputs: inputs.map((from) => ({ from, index: 0 })),
    after,
    outputs: [{ dtype: dataTypes.float32, shape: [size] }],
    types: {},
    counts: {},
  };
}
const peak = (operations: readonly PlannedOperation[], fetched = operations.length - 1) =>
  memoryNeed({ operations, feeds: [0], fetches: [{ from: fetched, index: 0 }] }).peakBytes;

describe('peak of the values', () => {
  test('a chain holds two at a time', () => {
    const chain = [operation('Placeholder', 1, []), ...[10, 20, 5].map((size, i) => operation('Conv2D', size, [i]))];
    expect(peak(chain)).toBe(4 * (10 + 20));
  });

  test('a value that is read again at the end stays until then', () => {
    const skip = [
      operation('Placeholder', 10, []),
      operation('Conv2D', 20, [0]),
      operation('Conv2D', 5, [1]),
      operation('ConcatV2', 1, [2, 0]),
    ];
    expect(peak(skip)).toBe(4 * (10 + 20 + 5));
  });

  test('views take nothing; an operation of elements takes the place of an input that nobody else reads', () => {
    const start = [operation('Placeholder', 10, []), operation('Reshape', 10, [0])];
    expect(peak([...start, operation('Relu', 10, [1])])).toBe(40);
    expect(peak([...start, operation('Relu', 10, [1]), operation('Mul', 10, [2, 1])])).toBe(80);
  });

  test('what has to wait does, though its input is there: two large values, one after the other', () => {
    const start = [operation('Placeholder', 1, []), operation('Conv2D', 100, [0]), operation('Sum', 1, [1])];
    const second = (after: readonly number[]) => [
      ...start,
      operation('Conv2D', 100, [0], after),
      operation('Sum', 1, [3]),
      operation('ConcatV2', 2, [2, 4]),
    ];
    expect(peak(second([]))).toBe(4 * (1 + 100 + 100));
    expect(peak(second([2]))).toBe(4 * (1 + 1 + 100));
  });

  test('what nobody reads is gone at once', () => {
    const unread = [operation('Placeholder', 1, []), operation('Conv2D', 50, [0]), operation('Conv2D', 60, [0])];
    expect(peak([...unread, operation('Sum', 1, [2])])).toBe(4 * (1 + 60));
  });
});

test('variables: the bytes of their values, which reading does not copy', () => {
  const variable = {
    ...operation('VarHandleOp', 0, []),
    outputs: [{ dtype: dataTypes.resource, shape: [] }],
    shape: [3, 5],
  };
  const read = operation('ReadVariableOp', 15, [0]);
  expect(memoryNeed({ operations: [variable, read], feeds: [], fetches: [{ from: 1, index: 0 }] })).toEqual({
    variableBytes: 60,
    peakBytes: 0,
  });
});
