/** Places without anchors: what a head predicts at the centre of each cell. */
import type { PyramidLevel } from './anchors.js';
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
