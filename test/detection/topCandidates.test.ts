import { expect, test } from 'vitest';
import { rowsOfPlaces, topCandidates } from '../../src/detection/topCandidates.js';

// Two classes; places 0, 1, 2 have logits (0, 2), (-9, 0), (3, 0).
const logits = Float32Array.of(0, 2, -9, 0, 3, 0);

test('best first, of equals the earlier; what does not exceed the threshold is left out', () => {
  const { indices, scores } = topCandidates(logits, 10, 0.1);
  expect([...indices]).toEqual([4, 1, 0, 3, 5]);
  expect(scores[0]).toBeCloseTo(1 / (1 + Math.exp(-3)), 6);
  expect(scores[4]).toBe(0.5);
  expect([...topCandidates(logits, 10, 0.5).indices]).toEqual([4, 1]); // 0.5 itself does not exceed 0.5
});

test('no more than the count', () => {
  expect([...topCandidates(logits, 3, 0.1).indices]).toEqual([4, 1, 0]);
});

test('rows of the places of candidates: places 2, 0, 0', () => {
  const values = Float32Array.of(10, 11, 20, 21, 30, 31);
  expect([...rowsOfPlaces(values, topCandidates(logits, 3, 0.1), 2, 2)]).toEqual([30, 31, 10, 11, 10, 11]);
});
