import { expect, test } from 'vitest';
import { bucketBytes } from '../../src/distributed/buckets.js';
import { type Machines, type StepFacts, scale } from '../../tools/scalingModel.js';

const fast = { bytesPerMs: bucketBytes, latencyMs: 0 };
const machines: Machines = { workersEach: 2, inside: fast, between: { bytesPerMs: bucketBytes / 4, latencyMs: 1 } };
/** Four buckets, ready after 70, 80, 90 and 100 of 100 ms. */
const facts: StepFacts = {
  stepMs: 100,
  bytes: 4 * bucketBytes,
  firstReady: 0.6,
  lastReady: 1,
  spread: 0,
  exchanges: 0,
};

test('one worker: the step as it is', () => {
  expect(scale(facts, 1, machines)).toMatchObject({ stepMs: 100, averagingMs: 0, exposedMs: 0, efficiency: 1 });
});

test('two of one machine: 2 rounds of half a bucket in 0.5 ms each, so all but the last bucket is hidden', () => {
  expect(scale(facts, 2, machines)).toMatchObject({ averagingMs: 4, exposedMs: 1, stepMs: 101 });
});

test('four on two machines: 6 rounds of 1 ms and a quarter of a bucket, 1 ms: 12 ms a bucket, which wait for each other', () => {
  // 70 → 82 → 94 → 106 → 118
  expect(scale(facts, 4, machines)).toMatchObject({ averagingMs: 48, exposedMs: 18, stepMs: 118 });
});

test('exchanges inside of the step pay the latency of their rounds', () => {
  expect(scale({ ...facts, bytes: 0, exchanges: 3 }, 4, machines).exchangesMs).toBe(18);
});

test('the slowest of two normal workers is 0.56 deviations late, of 256 about 2.8', () => {
  const varied = { ...facts, spread: 0.01 };
  expect(scale(varied, 2, machines).waitMs).toBeCloseTo(0.56, 1);
  expect(scale(varied, 256, machines).waitMs).toBeCloseTo(2.8, 0);
});
