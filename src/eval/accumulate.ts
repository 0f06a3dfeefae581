import type { EvalParams } from './evalParams.js';
import { outcome, type RankedDetections } from './matchCategory.js';
import { sortByFallingScore } from './scoreOrder.js';

/** The curves of an evaluation; -1 where there is nothing to measure. */
export interface Curves {
  /** [T, R, K, A, M] Best precision at a recall of at least the threshold. */
  readonly precision: Float64Array;
  /** [T, K, A, M] Recall with all detections. */
  readonly recall: Float64Array;
  /** [T, R, K, A, M] Score of the detection that reaches the recall. */
  readonly scores: Float64Array;
}

/** Of all curves together: two numbers for each recall threshold, and so on. */
const mostBytes = 2 ** 32;

/** How many categories can be measured one by one; 22,148 with COCO's settings. */
export function mostCategories({ iouThresholds, recallThresholds, areaRanges, maxDets }: EvalParams): number {
  const numbers = 2 * iouThresholds.length * recallThresholds.length * areaRanges.length * maxDets.length;
  return Math.floor(mostBytes / (Float64Array.BYTES_PER_ELEMENT * numbers));
}

export function emptyCurves({ iouThresholds, recallThresholds, areaRanges, maxDets }: EvalParams, K: number): Curves {
  const cells = iouThresholds.length * K * areaRanges.length * maxDets.length;
  const R = recallThresholds.length;
  return {
    precision: new Float64Array(cells * R).fill(-1),
    recall: new Float64Array(cells).fill(-1),
    scores: new Float64Array(cells * R).fill(-1),
  };
}

/** NumPy's spacing(1), which the reference adds to tp + fp: with one detection, precision is 0.9999999999999998. */
const spacing = 2 ** -52;

/** Turns the outcomes of category `k` into its part of the curves. */
export function accumulateCategory(
  { ranks, scores }: RankedDetections,
  { outcomes, positives }: { outcomes: Uint8Array; positives: Int32Array },
  k: number,
  K: number,
  { iouThresholds, recallThresholds, areaRanges, maxDets }: EvalParams,
  curves: Curves,
): void {
  const [T, R, A, M, D] = [
    iouThresholds.length,
    recallThresholds.length,
    areaRanges.length,
    maxDets.length,
    ranks.length,
  ];
  const all = Int32Array.from(ranks.keys());
  sortByFallingScore(all, 0, D, scores, new Int32Array(D));
  const envelope = new Float64Array(D + 1);
  const reachedBy = new Int32Array(D + 1);

  for (const [m, limit] of maxDets.entries()) {
    // A part of a stable order is the stable order of the part.
    const order = m === M - 1 ? all : all.filter((d) => ranks[d]! < limit);
    for (let a = 0; a < A; a++) {
      const objects = positives[a]!;
      if (objects === 0) continue;
      const needed = neededTruePositives(recallThresholds, objects);
      for (let t = 0; t < T; t++) {
        const plane = (a * T + t) * D;
        const found = trueCurve(order, outcomes, plane, envelope, reachedBy);
        curves.recall[((t * K + k) * A + a) * M + m] = found / objects;
        for (let r = 0; r < R; r++) {
          const at = (((t * R + r) * K + k) * A + a) * M + m;
          const count = needed[r]!;
          const reached = count <= found && order.length > 0;
          curves.precision[at] = reached ? envelope[count]! : 0;
          curves.scores[at] = reached ? scores[count === 0 ? order[0]! : reachedBy[count]!]! : 0;
        }
      }
    }
  }
}

/**
 * Walks the detections by falling score. Precision only falls between true positives, so the curve is known from its
 * points there: `envelope[n]` becomes the best precision once n objects are found, `reachedBy[n]` the detection that
 * finds the n-th.
 *
 * @returns objects found in all
 */
function trueCurve(
  order: Int32Array,
  outcomes: Uint8Array,
  plane: number,
  envelope: Float64Array,
  reachedBy: Int32Array,
): number {
  let truePositives = 0;
  let falsePositives = 0;
  for (let i = 0; i < order.length; i++) {
    const d = order[i]!;
    const result = outcomes[plane + d]!;
    falsePositives += result & outcome.falsePositive; // a sum instead of a branch, which would be guessed wrong
    if (result !== outcome.truePositive) continue;
    truePositives++;
    envelope[truePositives] = truePositives / (falsePositives + truePositives + spacing);
    reachedBy[truePositives] = d;
  }
  let best = 0;
  for (let n = truePositives; n > 0; n--) {
    if (envelope[n]! < best) envelope[n] = best;
    else best = envelope[n]!;
  }
  envelope[0] = best;
  return truePositives;
}

/** [R] The smallest count of found objects whose share of all reaches each recall threshold. */
function neededTruePositives(recallThresholds: Float64Array, objects: number): Int32Array {
  let count = 0;
  return Int32Array.from(recallThresholds, (recall) => {
    while (count / objects < recall) count++;
    return count;
  });
}
