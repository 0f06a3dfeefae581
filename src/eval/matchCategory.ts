import type { EvalData, GroundTruthBoxes } from './evalData.js';
import type { AreaRange, EvalParams } from './evalParams.js';
import { iouMatrix } from './iou.js';
import { sortByFallingScore } from './scoreOrder.js';

/** What became of a detection at one threshold and area range. Ignored ones count neither for nor against. */
export const outcome = { ignored: 0, falsePositive: 1, truePositive: 2 } as const;

/** The detections of one category, image by image, each image's by falling score and cut to the largest limit. */
export interface RankedDetections {
  /** [D] Rows of `EvalData.detections`. */
  readonly rows: Int32Array;
  /** [D] */
  readonly scores: Float64Array;
  /** [D] Place within the image, from 0. */
  readonly ranks: Int32Array;
  /** Images with objects of the category. */
  readonly cells: readonly Cell[];
}

/** One image: where its objects stand in `EvalData.groundTruth`, and its detections in `RankedDetections`. */
interface Cell {
  readonly truth: number;
  readonly G: number;
  readonly found: number;
  readonly D: number;
}

/** Orders the detections of category `k`, at most `limit` an image. */
export function rankDetections({ groundTruth, detections }: EvalData, k: number, limit: number): RankedDetections {
  let truth = groundTruth.starts[k]!;
  let found = detections.starts[k]!;
  const truthEnd = groundTruth.starts[k + 1]!;
  const foundEnd = detections.starts[k + 1]!;
  const order = Int32Array.from({ length: foundEnd - found }, (_, i) => found + i);
  const scratch = new Int32Array(order.length);
  const ranks = new Int32Array(order.length);
  const cells: Cell[] = [];
  let kept = 0; // places before it in `order` are final
  let next = 0; // the first place that no image has taken yet

  // Both sides are in image order: walk them together.
  while (truth < truthEnd || found < foundEnd) {
    const image = Math.min(
      truth < truthEnd ? groundTruth.images[truth]! : Infinity,
      found < foundEnd ? detections.images[found]! : Infinity,
    );
    const firstTruth = truth;
    const first = next;
    while (truth < truthEnd && groundTruth.images[truth] === image) truth++;
    while (found < foundEnd && detections.images[found] === image) found++;
    next += found - (foundEnd - order.length) - next;
    sortByFallingScore(order, first, next, detections.scores, scratch);
    const D = Math.min(limit, next - first);
    order.copyWithin(kept, first, first + D);
    for (let rank = 0; rank < D; rank++) ranks[kept + rank] = rank;
    if (truth > firstTruth) cells.push({ truth: firstTruth, G: truth - firstTruth, found: kept, D });
    kept += D;
  }
  const rows = order.subarray(0, kept);
  return {
    rows,
    scores: Float64Array.from(rows, (row) => detections.scores[row]!),
    ranks: ranks.subarray(0, kept),
    cells,
  };
}

/** No threshold demands more than this, so that an IoU of 1 less a rounding error still matches at 1. */
const strictest = 1 - 1e-10;

/**
 * Matches ranked detections with the objects of their image, at each threshold and in each area range.
 *
 * In the order of their scores, each detection takes the free object with which it overlaps most, if that reaches the
 * threshold; of equal overlaps the later object. Objects that are ignored (crowd regions, those outside the area range)
 * are taken only where no other object will do; a crowd region is never used up.
 *
 * @returns outcomes [A, T, D], and positives [A], the objects to be found
 */
export function matchDetections(
  { groundTruth, detections }: EvalData,
  { rows, cells }: RankedDetections,
  { areaRanges, iouThresholds }: Pick<EvalParams, 'areaRanges' | 'iouThresholds'>,
): { outcomes: Uint8Array; positives: Int32Array } {
  const D = rows.length;
  const T = iouThresholds.length;
  const outcomes = new Uint8Array(areaRanges.length * T * D).fill(outcome.falsePositive);
  const positives = new Int32Array(areaRanges.length);
  for (const [a, range] of areaRanges.entries()) markOutside(outcomes.subarray(a * T * D, (a + 1) * T * D), range);

  for (const cell of cells) {
    const ious = iouMatrix(
      groundTruth,
      cell.truth,
      cell.G,
      detections.boxesXywh,
      rows.subarray(cell.found, cell.found + cell.D),
    );
    for (const [a, range] of areaRanges.entries()) {
      const { order, counted } = countedFirst(groundTruth, cell, range);
      positives[a]! += counted;
      for (let t = 0; t < T; t++) {
        const at = (a * T + t) * D + cell.found;
        matchCell(ious, order, counted, groundTruth.crowd, cell, Math.min(iouThresholds[t]!, strictest), outcomes, at);
      }
    }
  }
  return { outcomes, positives };

  /** Detections outside the area range are ignored unless they match. @param plane [T, D] */
  function markOutside(plane: Uint8Array, { min, max }: AreaRange): void {
    for (let d = 0; d < D; d++) {
      const box = 4 * rows[d]!;
      const area = detections.boxesXywh[box + 2]! * detections.boxesXywh[box + 3]!;
      if (area < min || area > max) for (let t = 0; t < T; t++) plane[t * D + d] = outcome.ignored;
    }
  }
}

/** The objects of a cell, those that count before those that are ignored: [G] offsets from `cell.truth`. */
function countedFirst({ crowd, areas }: GroundTruthBoxes, { truth, G }: Cell, { min, max }: AreaRange) {
  const order = new Int32Array(G);
  const ignored = (g: number) => crowd[truth + g] === 1 || areas[truth + g]! < min || areas[truth + g]! > max;
  let counted = 0;
  for (let g = 0; g < G; g++) if (!ignored(g)) order[counted++] = g;
  let at = counted;
  for (let g = 0; g < G; g++) if (ignored(g)) order[at++] = g;
  return { order, counted };
}

/** Matches one image at one threshold and writes its detections' outcomes from `at` on. */
function matchCell(
  { ious, best }: { ious: Float64Array; best: Float64Array },
  order: Int32Array,
  counted: number,
  crowd: Uint8Array,
  { truth, G, D }: Cell,
  threshold: number,
  outcomes: Uint8Array,
  at: number,
): void {
  const taken = new Uint8Array(G);
  for (let d = 0; d < D; d++) {
    if (best[d]! < threshold) continue;
    let reached = threshold;
    let match = -1; // place in `order`
    for (let i = 0; i < G; i++) {
      if (i === counted && match >= 0) break; // an object that counts goes before those that are ignored
      const g = order[i]!;
      if (taken[g] && !crowd[truth + g]) continue;
      const iou = ious[d * G + g]!;
      if (iou < reached) continue;
      reached = iou;
      match = i;
    }
    if (match < 0) continue;
    taken[order[match]!] = 1;
    outcomes[at + d] = match < counted ? outcome.truePositive : outcome.ignored;
  }
}
