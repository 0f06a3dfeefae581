import { describe, expect, it } from 'vitest';
import { pyramidLevels } from '../../src/detection/anchors.js';
import { matchState } from '../../src/detection/match.js';
import {
  centerness,
  decodePoints,
  generatePoints,
  matchPoints,
  type PointCandidates,
  pointTargets,
} from '../../src/detection/points.js';

// 2 x 4 cells of 8 px (points 0 ... 7), 1 x 2 cells of 16 px (8, 9)
const grid = generatePoints(pyramidLevels({ width: 32, height: 16 }, [8, 16]));
const none = matchState.background;

it('generatePoints: the centres of the cells, level after level', () => {
  expect([...grid.points]).toEqual([4, 4, 12, 4, 20, 4, 28, 4, 4, 12, 12, 12, 20, 12, 28, 12, 8, 8, 24, 8]);
  expect(grid.offsets).toEqual([0, 8, 10]);
});

it('centerness: 1 in the middle, less towards a side, √(1/3 · 3/5) at a quarter and three eighths', () => {
  expect(centerness(4, 4, 4, 4)).toBe(1);
  expect(centerness(2, 3, 6, 5)).toBeCloseTo(Math.sqrt((2 / 6) * (3 / 5)), 12);
  expect(centerness(0, 3, 6, 5)).toBe(0);
});

describe('matchPoints', () => {
  const match = (...boxes: number[]) => [...matchPoints(grid, Float32Array.from(boxes), 1)]; // up to 8 px on the finer level

  it('inside of a box, and the largest distance within the range of the level', () => {
    // (2, 2, 14, 14): from (4, 4) it is 10 px to the right side, too far for the finer level; from (8, 8) of the coarser 6, too near.
    expect(match(2, 2, 14, 14)).toEqual(Array(10).fill(none));
    // (8, 0, 16, 8): from (12, 4) 4 px to each side
    expect(match(8, 0, 16, 8)).toEqual([none, 0, ...Array(8).fill(none)]);
    // (0, 0, 32, 16): 24 px from (8, 8), which only the coarsest level may learn
    expect(match(0, 0, 32, 16)).toEqual([...Array(8).fill(none), 0, 0]);
  });

  it('a point on the border is outside', () => {
    expect(match(12, 0, 20, 8)).toEqual(Array(10).fill(none));
  });

  it('of several boxes the smallest; of equal ones the first', () => {
    expect(match(8, 0, 18, 8, 8, 0, 16, 8)[1]).toBe(1);
    expect(match(8, 0, 16, 8, 8, 0, 16, 8)[1]).toBe(0);
  });
});

it('pointTargets: label, distances to left, top, right, bottom, and centerness', () => {
  const boxes = Float32Array.of(9, 1, 18, 8);
  const matches = matchPoints(grid, boxes, 1);
  const { labels, distances, centerness: central } = pointTargets(grid, matches, boxes, Int32Array.of(2), 5);
  expect([...labels]).toEqual([5, 2, 5, 5, 5, 5, 5, 5, 5, 5]);
  expect([...distances.subarray(4, 8)]).toEqual([3, 3, 6, 4]);
  expect(central[1]).toBeCloseTo(Math.sqrt((3 / 6) * (3 / 4)), 6);
});

it('decodePoints: the threshold is for the class alone, the score is times centerness', () => {
  const level = (...all: [index: number, score: number, centerness: number][]): PointCandidates => ({
    indices: Int32Array.from(all, ([index]) => index),
    scores: Float32Array.from(all, ([, score]) => score),
    centerness: Float32Array.from(all, ([, , value]) => value),
    distances: Float32Array.from(all.flatMap(() => [1, 2, 3, 4])),
  });
  // K = 3: point 1 of the first level, class 2; point 0 of the second, class 0
  const found = decodePoints([level([5, 0.5, 0.5], [0, 0.05, 1]), level([0, 0.25, 1])], grid, 3, 0.05);
  expect([...found.labels]).toEqual([2, 0]);
  expect([...found.scores]).toEqual([0.25, 0.25]);
  expect([...found.boxes]).toEqual([11, 2, 15, 8, 7, 6, 11, 12]);
});
