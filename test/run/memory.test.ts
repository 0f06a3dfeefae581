import { describe, expect, test } from 'vitest';
import { estimateMemory, largestBatch } from '../../src/run/memory.js';
import { findModel } from '../../src/run/namedModel.js';

describe('the largest batch', () => {
  test('10 for 2 pictures and 16 for 4: 3 each, 4 for the rest; 20 hold five', () => {
    expect(largestBatch(2, 10, 16, 20)).toBe(5);
    expect(largestBatch(2, 10, 16, 19)).toBe(5);
    expect(largestBatch(2, 10, 16, 18.9)).toBe(4);
  });

  test('not even one: 0', () => {
    expect(largestBatch(2, 10, 16, 6)).toBe(0);
    expect(largestBatch(2, 10, 16, 1)).toBe(0);
  });
});

test('a small detector: parts that add up; training takes more than inference, large pictures more than small ones', async () => {
  const model = await findModel('configs/smoke.yaml');
  const [small, large] = [await estimateMemory(model, [128, 128]), await estimateMemory(model, [256, 256], 2)];
  const { batch, train, inference } = small;
  expect(batch).toBe(2);
  for (const { variableBytes, valueBytes, programBytes, totalBytes } of [train, inference])
    expect(variableBytes + valueBytes + programBytes).toBeCloseTo(totalBytes, 0);
  expect(train.valueBytes).toBeGreaterThan(3 * inference.valueBytes);
  const growth = large.train.valueBytes / train.valueBytes;
  expect(growth).toBeGreaterThan(2);
  expect(growth).toBeLessThan(4.5);
  expect(small.largestBatch).toBeGreaterThan(large.largestBatch);
});
