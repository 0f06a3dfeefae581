import { expect, it } from 'vitest';
import { named } from '../../src/detection/named.js';

it('two detections of the second and the first category, whose ids are not their places', () => {
  const found = {
    boxes: Float32Array.of(1, 2, 3, 4, 5, 6, 7.5, 8),
    scores: Float32Array.of(0.75, 0.5),
    labels: Int32Array.of(1, 0),
  };
  const categories = [
    { id: 7, name: 'cat' },
    { id: 90, name: 'dog' },
  ];
  expect(named(found, categories)).toEqual([
    { label: 'dog', categoryId: 90, score: 0.75, box: [1, 2, 3, 4] },
    { label: 'cat', categoryId: 7, score: 0.5, box: [5, 6, 7.5, 8] },
  ]);
  expect(
    named({ boxes: new Float32Array(), scores: new Float32Array(), labels: new Int32Array() }, categories),
  ).toEqual([]);
});
