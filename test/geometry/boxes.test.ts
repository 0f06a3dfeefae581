import { expect, it } from 'vitest';
import { area, iou } from '../../src/geometry/boxes.js';

it.each([
  // a, b, intersection over union
  [[0, 0, 10, 10], [0, 0, 10, 10], 1],
  [[0, 0, 10, 10], [0, 0, 10, 5], 0.5],
  [[0, 0, 10, 10], [5, 5, 15, 15], 25 / 175],
  [[0, 0, 10, 10], [2, 2, 4, 4], 4 / 100], // inside
  [[0, 0, 10, 10], [10, 0, 20, 10], 0], // they touch
  [[0, 0, 10, 10], [20, 20, 30, 30], 0],
  [[0, 0, 10, 10], [5, 5, 5, 9], 0], // no width
  [[3, 3, 3, 3], [3, 3, 3, 3], 0], // two points: not 0 / 0
])('%j and %j → %d', (a, b, expected) => {
  expect(iou(Float32Array.from(a), 0, Float32Array.from(b), 0)).toBe(Math.fround(expected));
  expect(iou(Float32Array.from(b), 0, Float32Array.from(a), 0)).toBe(Math.fround(expected));
});

it('takes the box that the index names', () => {
  const boxes = Float32Array.of(0, 0, 1, 1, 2, 2, 5, 4);
  expect(area(boxes, 1)).toBe(6); // no "+ 1"
  expect(iou(boxes, 1, boxes, 1)).toBe(1);
  expect(iou(boxes, 0, boxes, 1)).toBe(0);
});
