import type { AnchorGrid } from './anchors.js';
import { decode } from './coder.js';
import type { ScoredBoxes } from './postprocess.js';
import { ScoredBoxesBuilder } from './scoredBoxesBuilder.js';

/** What inference keeps of a level's H·W·A·K scores: the `preNmsTopK` best, best first. */
export interface AnchorCandidates {
  /** [k], after the sigmoid. */
  readonly scores: Float32Array;
  /** [k]: anchor · K + label, anchors counted from the level's first. */
  readonly indices: Int32Array;
  /** [k, 4], of the anchor of each. */
  readonly deltas: Float32Array;
}

/**
 * The boxes of all candidates whose score exceeds the threshold, in input pixels, not clipped.
 *
 * @param levels as in `grid.levels`
 */
export function decodeAnchors(
  levels: readonly AnchorCandidates[],
  grid: AnchorGrid,
  classes: number,
  scoreThreshold: number,
): ScoredBoxes {
  const threshold = Math.fround(scoreThreshold);
  const found = new ScoredBoxesBuilder(levels.reduce((sum, { scores }) => sum + scores.length, 0));
  for (const [l, { scores, indices, deltas }] of levels.entries()) {
    for (const [i, score] of scores.entries()) {
      if (!(score > threshold)) continue;
      const index = indices[i]!;
      const anchor = grid.offsets[l]! + Math.floor(index / classes);
      found.add(...decode(grid.anchors, anchor, deltas, i), score, index % classes);
    }
  }
  return found.done();
}
