/** Places without anchors: what a head predicts at the centre of each cell. */
import type { PyramidLevel } from './anchors.js';
import { matchState } from './match.js';
import type { ScoredBoxes } from './postprocess.js';
import { ScoredBoxesBuilder } from './scoredBoxesBuilder.js';

/** The points of one input size, in the order level, row, column. */
export interface PointGrid {
  readonly levels: readonly PyramidLevel[];
  /** Index of the first point of each level, and R at the end: [L + 1]. */
  readonly offsets: readonly number[];
  /** [R, 2] x, y in input pixels: the centres of the cells. */
  readonly points: Float32Array;
}

/** The centre of every cell. Source: Tian et al., "FCOS" (2019), §3.1, (⌊s/2⌋ + xs, ⌊s/2⌋ + ys). */
export function generatePoints(levels: readonly PyramidLevel[]): PointGrid {
  const offsets = [0];
  for (const { height, width } of levels) offsets.push(offsets.at(-1)! + height * width);
  const points = new Float32Array(2 * offsets.at(-1)!);
  let at = 0;
  for (const { height, width, stride } of levels) {
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        points[at++] = (column + 0.5) * stride;
        points[at++] = (row + 0.5) * stride;
      }
    }
  }
  return { levels, offsets, points };
}

/** What the head should say at each point. */
export interface PointTargets {
  /** [R]: 0 … K-1 foreground, K background. */
  readonly labels: Int32Array;
  /** [R, 4] pixels to the left, top, right and bottom side of the box; 0 where not foreground. */
  readonly distances: Float32Array;
  /** [R] 0 … 1: 1 in the middle of the box, 0 at its border; 0 where not foreground. */
  readonly centerness: Float32Array;
}

/**
 * For each point the index of its box, or `matchState.background`: [R].
 *
 * A point learns a box that it lies inside of, if the largest distance to a side is within the range of its level; of several
 * boxes the one with the smallest area, of equal ones the first. Source: Tian et al., "FCOS" (2019), §3.1 and §3.2; as mmdet's
 * FCOSHead without centre sampling, where points outside of a picture in a larger batch are background too.
 *
 * @param boxes [G, 4] xyxy in input pixels
 * @param rangeScale upper end of a level's range ÷ its stride; the coarsest level has none, the finest no lower end
 */
export function matchPoints(grid: PointGrid, boxes: Float32Array, rangeScale: number): Int32Array {
  const matches = new Int32Array(grid.offsets.at(-1)!).fill(matchState.background);
  const smallest = new Float64Array(matches.length).fill(Number.POSITIVE_INFINITY);
  for (let g = 0; g < boxes.length / 4; g++) {
    const [x1, y1, x2, y2] = boxes.subarray(4 * g, 4 * g + 4) as unknown as [number, number, number, number];
    const area = (x2 - x1) * (y2 - y1);
    for (const [l, { height, width, stride }] of grid.levels.entries()) {
      const from = l === 0 ? 0 : rangeScale * grid.levels[l - 1]!.stride;
      const to = l === grid.levels.length - 1 ? Number.POSITIVE_INFINITY : rangeScale * stride;
      const [firstRow, endRow] = cellsWithin(y1, y2, stride, height);
      const [firstColumn, endColumn] = cellsWithin(x1, x2, stride, width);
      for (let row = firstRow; row < endRow; row++) {
        for (let column = firstColumn; column < endColumn; column++) {
          const [x, y] = [(column + 0.5) * stride, (row + 0.5) * stride];
          if (!(x > x1 && x < x2 && y > y1 && y < y2)) continue;
          const farthest = Math.max(x - x1, y - y1, x2 - x, y2 - y);
          const point = grid.offsets[l]! + row * width + column;
          if (farthest < from || farthest > to || area >= smallest[point]!) continue;
          smallest[point] = area;
          matches[point] = g;
        }
      }
    }
  }
  return matches;
}

/** The cells whose centres can lie between two coordinates: first, and one past the last. */
function cellsWithin(low: number, high: number, stride: number, count: number): [first: number, end: number] {
  return [Math.max(0, Math.floor(low / stride - 0.5)), Math.min(count, Math.ceil(high / stride + 0.5))];
}

/** What the points learn of the boxes that {@link matchPoints} gave them. @param classes K */
export function pointTargets(
  grid: PointGrid,
  matches: Int32Array,
  boxes: Float32Array,
  labels: Int32Array,
  classes: number,
): PointTargets {
  const targets = {
    labels: new Int32Array(matches.length).fill(classes),
    distances: new Float32Array(4 * matches.length),
    centerness: new Float32Array(matches.length),
  };
  for (const [r, g] of matches.entries()) {
    if (g < 0) continue;
    const [x, y] = [grid.points[2 * r]!, grid.points[2 * r + 1]!];
    const distances = [x - boxes[4 * g]!, y - boxes[4 * g + 1]!, boxes[4 * g + 2]! - x, boxes[4 * g + 3]! - y] as const;
    targets.labels[r] = labels[g]!;
    targets.distances.set(distances, 4 * r);
    targets.centerness[r] = centerness(...distances);
  }
  return targets;
}

/** √(min(l, r) / max(l, r) · min(t, b) / max(t, b)). Source: FCOS, equation 3. */
export function centerness(left: number, top: number, right: number, bottom: number): number {
  const across = Math.min(left, right) / Math.max(left, right);
  const down = Math.min(top, bottom) / Math.max(top, bottom);
  return Math.sqrt(across * down);
}

/** What inference keeps of a level's H·W·K scores: the `preNmsTopK` best, best first. */
export interface PointCandidates {
  /** [k], of the class alone, after the sigmoid. */
  readonly scores: Float32Array;
  /** [k]: point · K + label, points counted from the level's first. */
  readonly indices: Int32Array;
  /** [k, 4], of the point of each: pixels to the left, top, right and bottom side. */
  readonly distances: Float32Array;
  /** [k], after the sigmoid. */
  readonly centerness: Float32Array;
}

/**
 * The boxes of all candidates whose class score exceeds the threshold, in input pixels, not clipped. The score of a box is
 * that of its class times its centerness, which turns boxes down that were seen from their border (FCOS, §3.3).
 *
 * @param levels as in `grid.levels`
 */
export function decodePoints(
  levels: readonly PointCandidates[],
  grid: PointGrid,
  classes: number,
  scoreThreshold: number,
): ScoredBoxes {
  const threshold = Math.fround(scoreThreshold);
  const found = new ScoredBoxesBuilder(levels.reduce((sum, { scores }) => sum + scores.length, 0));
  for (const [l, { scores, indices, distances, centerness }] of levels.entries()) {
    for (const [i, score] of scores.entries()) {
      if (!(score > threshold)) continue;
      const index = indices[i]!;
      const point = 2 * (grid.offsets[l]! + Math.floor(index / classes));
      const [x, y] = [grid.points[point]!, grid.points[point + 1]!];
      found.add(
        x - distances[4 * i]!,
        y - distances[4 * i + 1]!,
        x + distances[4 * i + 2]!,
        y + distances[4 * i + 3]!,
        score * centerness[i]!,
        index % classes,
      );
    }
  }
  return found.done();
}
