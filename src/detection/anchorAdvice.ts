/** Anchors that fit the boxes of a data set. */
import { anchorSides, bestIou, type Sides } from './anchorFit.js';
import { type AnchorOptions, retinanetAnchors } from './anchors.js';

export interface AnchorAdvice {
  readonly anchors: AnchorOptions;
  /** Pyramid levels that have them: P3 and so many after it. */
  readonly levels: number;
  /** Share of the boxes that some anchor of these overlaps by half, as a positive must. */
  readonly reached: number;
  /** The same of RetinaNet's own anchors on P3 to P7. */
  readonly reachedByDefault: number;
  /** Sides around which boxes gather, in input pixels, rising. */
  readonly sides: readonly number[];
}

/** From this overlap on an anchor learns a box (Lin et al., "Focal Loss for Dense Object Detection", 4). */
const foregroundIou = 0.5;

/** Of equally good ones the first: boxes that are two cells wide. */
const baseScales = [2, 2.5, 1.5, 3, 4, 1];
const levelCounts = [3, 4, 5];
const finestStride = 8;
/** What another level, or other shapes than usual, must bring in share of boxes reached. */
const levelCost = 0.003;
const ratioCost = 0.02;
/** Boxes that are looked at, spread over all. */
const most = 2000;

/**
 * The anchors that reach most boxes, of a few sizes, levels, and two sets of shapes: the usual ones, and those that k-means finds.
 *
 * @param boxes sides of the boxes in input pixels; not empty
 */
export function adviseAnchors(boxes: readonly Sides[]): AnchorAdvice {
  const step = Math.max(1, Math.floor(boxes.length / most));
  const looked = boxes.filter((_, i) => i % step === 0);
  const usual = retinanetAnchors.aspectRatios;
  const found = centres(
    looked.map(([width, height]) => height / width),
    usual.length,
  ).map((ratio) => Number(ratio.toPrecision(2)));
  const candidates = baseScales.flatMap((baseScale) =>
    levelCounts.flatMap((levels) =>
      [usual, found].map((aspectRatios) => ({ anchors: { ...retinanetAnchors, baseScale, aspectRatios }, levels })),
    ),
  );
  const scored = candidates.map((candidate) => {
    const { reached, fit } = fitOf(looked, candidate.anchors, candidate.levels);
    const cost = levelCost * candidate.levels + (candidate.anchors.aspectRatios === usual ? 0 : ratioCost);
    return { ...candidate, reached, score: reached + fit / 4 - cost };
  });
  const { anchors, levels, reached } = scored.reduce((best, one) => (one.score > best.score ? one : best));
  const sides = centres(
    looked.map(([width, height]) => Math.sqrt(width * height)),
    3,
  ).map(Math.round);
  return { anchors, levels, reached, reachedByDefault: fitOf(looked, retinanetAnchors, 5).reached, sides };
}

function fitOf(boxes: readonly Sides[], anchors: AnchorOptions, levels: number): { reached: number; fit: number } {
  const strides = Array.from({ length: levels }, (_, level) => finestStride * 2 ** level);
  const sides = anchorSides(anchors, strides);
  const ious = boxes.map((box) => bestIou(sides, box));
  const reached = ious.filter((iou) => iou >= foregroundIou).length / ious.length;
  return { reached, fit: ious.reduce((sum, iou) => sum + iou, 0) / ious.length };
}

/** Centres of positive values by k-means of their logarithms, rising; fewer where values are equal. Begins at quantiles, so it is the same each time. */
export function centres(values: readonly number[], count: number): number[] {
  const logs = values.map(Math.log).sort((a, b) => a - b);
  let means = Array.from({ length: count }, (_, i) => logs[Math.floor(((i + 0.5) / count) * logs.length)]!);
  for (let round = 0; round < 50; round++) {
    const sums = means.map(() => ({ sum: 0, count: 0 }));
    for (const value of logs) {
      const nearest = means.reduce(
        (best, mean, i) => (Math.abs(mean - value) < Math.abs(means[best]! - value) ? i : best),
        0,
      );
      sums[nearest]!.sum += value;
      sums[nearest]!.count++;
    }
    const next = sums.map(({ sum, count }, i) => (count === 0 ? means[i]! : sum / count));
    if (next.every((mean, i) => Math.abs(mean - means[i]!) < 1e-6)) break;
    means = next;
  }
  return [...new Set(means.map((mean) => Math.exp(mean)))];
}
