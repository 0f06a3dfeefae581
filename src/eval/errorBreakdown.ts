/**
 * Which kinds of error cost how much AP, after Bolya et al., "TIDE: A General Toolbox for Identifying Object Detection
 * Errors" (2020, arXiv 2008.08115): every false positive and every missed object has one cause, and the cost of a cause
 * is what AP (at one IoU threshold) would gain if an oracle put it right.
 */
import { accumulateCategory, emptyCurves } from './accumulate.js';
import type { EvalData } from './evalData.js';
import { cocoAreaRanges, cocoRecallThresholds } from './evalParams.js';
import { type ImageBoxes, imagesOf } from './imageBoxes.js';
import { iouMatrix } from './iou.js';
import { outcome } from './matchCategory.js';
import { Summary } from './summarize.js';

/**
 * - `classification`: on an object of another category
 * - `localisation`: category right, overlap too small
 * - `both`: overlap too small, and with an object of another category
 * - `duplicate`: on an object that a better detection found
 * - `background`: on nothing
 * - `missed`: an object that no detection found, nor just missed by category or place
 */
export const errorKinds = ['classification', 'localisation', 'both', 'duplicate', 'background', 'missed'] as const;
export type ErrorKind = (typeof errorKinds)[number];

export interface ErrorCost {
  readonly count: number;
  /** AP gained if these were put right; null where there is no AP. */
  readonly dAP: number | null;
}

export interface ErrorBreakdown {
  /** AP at the threshold; with the default it is AP50. */
  readonly AP: number | null;
  readonly errors: Readonly<Record<ErrorKind, ErrorCost>>;
  /** All false positives removed; all objects that nothing finds removed. */
  readonly falsePositives: ErrorCost;
  readonly falseNegatives: ErrorCost;
  readonly iou: number;
  readonly backgroundIou: number;
}

export interface ErrorBreakdownOptions {
  /** Overlap from which a detection is on an object. @default 0.5 */
  readonly iou?: number;
  /** Overlap below which a detection is on nothing. @default 0.1 */
  readonly backgroundIou?: number;
  /** Most detections an image and category. @default 100 */
  readonly maxDets?: number;
}

/** A detection with its verdict. */
interface Verdict {
  readonly category: number;
  readonly score: number;
  readonly kind: 'right' | 'ignored' | Exclude<ErrorKind, 'missed'>;
  /** Row of the object that a `classification` or `localisation` error is about, or that a right detection found. */
  readonly object: number;
}

/** @param data prepared with `useCats: false` */
export function errorBreakdown(data: EvalData, options: ErrorBreakdownOptions = {}): ErrorBreakdown {
  const { iou = 0.5, backgroundIou = 0.1, maxDets = 100 } = options;
  const verdicts: Verdict[] = [];
  for (const image of imagesOf(data, -Infinity))
    verdicts.push(...judgeImage(data, image, { iou, backgroundIou, maxDets }));

  const { groundTruth, categories } = data;
  const objects = [...groundTruth.categories.keys()].filter((row) => !isIgnored(groundTruth, row));
  const found = new Set(verdicts.filter(({ kind }) => kind === 'right').map(({ object }) => object));
  const nearlyFound = new Set(verdicts.filter(isMendable).map(({ object }) => object));
  const unfound = objects.filter((row) => !found.has(row));
  const missed = unfound.filter((row) => !nearlyFound.has(row));

  const ap = (list: readonly Verdict[], without: readonly number[] = []) => {
    const positives = new Int32Array(categories.length);
    for (const row of objects) positives[groundTruth.categories[row]!]!++;
    for (const row of without) positives[groundTruth.categories[row]!]!--;
    return averagePrecision(list, positives);
  };
  const AP = ap(verdicts);
  const cost = (count: number, mended: number | null): ErrorCost => {
    return { count, dAP: AP === null || mended === null ? null : mended - AP };
  };
  const costOf = (kind: Verdict['kind']) =>
    cost(
      verdicts.filter((verdict) => verdict.kind === kind).length,
      ap(mend(verdicts, kind, found, groundTruth.categories)),
    );
  const wrong = verdicts.filter(({ kind }) => kind !== 'right' && kind !== 'ignored');
  const notWrong = verdicts.filter(({ kind }) => kind === 'right' || kind === 'ignored');
  return {
    AP,
    errors: {
      classification: costOf('classification'),
      localisation: costOf('localisation'),
      both: costOf('both'),
      duplicate: costOf('duplicate'),
      background: costOf('background'),
      missed: cost(missed.length, ap(verdicts, missed)),
    },
    falsePositives: cost(wrong.length, ap(notWrong)),
    falseNegatives: cost(unfound.length, ap(verdicts, unfound)),
    iou,
    backgroundIou,
  };
}

type Thresholds = Required<ErrorBreakdownOptions>;

/** The verdict on each detection of an image, by falling score. Right ones are those of COCO's matching. */
function judgeImage(data: EvalData, image: ImageBoxes, { iou, backgroundIou, maxDets }: Thresholds): Verdict[] {
  const { groundTruth, detections } = data;
  const { truth, G, rows } = image;
  const { ious } = iouMatrix(groundTruth, truth, G, detections.boxesXywh, rows);
  const taken = new Set<number>();
  const seen = new Map<number, number>();
  const verdicts: Verdict[] = [];

  /** The object (or crowd region) with the largest overlap, the later one of equals; -1 if none suits. */
  const best = (d: number, suits: (g: number) => boolean): { g: number; overlap: number } => {
    let at = { g: -1, overlap: 0 };
    for (let g = 0; g < G; g++) {
      const overlap = ious[d * G + g]!;
      if (overlap >= at.overlap && overlap > 0 && suits(g)) at = { g, overlap };
    }
    return at;
  };

  for (const [d, row] of rows.entries()) {
    const category = detections.categories[row]!;
    const rank = seen.get(category) ?? 0;
    seen.set(category, rank + 1);
    if (rank >= maxDets) continue;
    const isCrowd = (g: number) => isIgnored(groundTruth, truth + g);
    const same = (g: number) => groundTruth.categories[truth + g] === category;
    const verdict = (kind: Verdict['kind'], g = -1) =>
      verdicts.push({ category, score: detections.scores[row]!, kind, object: g < 0 ? -1 : truth + g });

    const free = best(d, (g) => same(g) && !isCrowd(g) && !taken.has(g));
    if (free.overlap >= iou) {
      taken.add(free.g);
      verdict('right', free.g);
      continue;
    }
    const area = detections.boxesXywh[4 * row + 2]! * detections.boxesXywh[4 * row + 3]!;
    if (outside(area) || best(d, (g) => same(g) && isCrowd(g)).overlap >= iou) {
      verdict('ignored');
      continue;
    }
    const own = best(d, (g) => same(g) && !isCrowd(g));
    const other = best(d, (g) => !same(g) && !isCrowd(g));
    if (own.overlap >= backgroundIou && own.overlap < iou) verdict('localisation', own.g);
    else if (other.overlap >= iou) verdict('classification', other.g);
    else if (own.overlap >= iou) verdict('duplicate');
    else verdict(Math.max(own.overlap, other.overlap) < backgroundIou ? 'background' : 'both');
  }
  return verdicts;
}

/** COCO's widest range still leaves out boxes of negative area. */
function outside(area: number): boolean {
  const { min, max } = cocoAreaRanges[0]!;
  return area < min || area > max;
}

/** True for crowd regions and objects that COCO does not count. */
function isIgnored({ crowd, areas }: EvalData['groundTruth'], row: number): boolean {
  return crowd[row] === 1 || outside(areas[row]!);
}

function isMendable({ kind }: Verdict): boolean {
  return kind === 'classification' || kind === 'localisation';
}

/**
 * The detections after an oracle has mended one kind of error: a wrong category or place is put right if nobody else
 * has the object (the best-scored of several gets it); what cannot be put right is removed.
 */
function mend(
  verdicts: readonly Verdict[],
  kind: Verdict['kind'],
  found: ReadonlySet<number>,
  categoryOf: Int32Array,
): Verdict[] {
  const claims = new Map<number, Verdict>();
  for (const verdict of verdicts) {
    if (verdict.kind !== kind || !isMendable(verdict) || found.has(verdict.object)) continue;
    const rival = claims.get(verdict.object);
    if (!rival || rival.score < verdict.score) claims.set(verdict.object, verdict);
  }
  return verdicts.flatMap((verdict): Verdict[] => {
    if (verdict.kind !== kind) return [verdict];
    if (claims.get(verdict.object) !== verdict) return [];
    return [{ ...verdict, kind: 'right', category: categoryOf[verdict.object]! }];
  });
}

const outcomeOf: Readonly<Record<Verdict['kind'], number>> = {
  right: outcome.truePositive,
  ignored: outcome.ignored,
  classification: outcome.falsePositive,
  localisation: outcome.falsePositive,
  both: outcome.falsePositive,
  duplicate: outcome.falsePositive,
  background: outcome.falsePositive,
};

/** Mean over categories of the AP at one threshold. */
function averagePrecision(verdicts: readonly Verdict[], positives: Int32Array): number | null {
  const K = positives.length;
  const params = {
    iouThresholds: Float64Array.of(0.5), // a label only: the verdicts are given
    recallThresholds: cocoRecallThresholds,
    areaRanges: [{ name: 'all', min: 0, max: Infinity }],
    maxDets: [Infinity],
    useCats: true,
  };
  const curves = emptyCurves(params, K);
  const lists = Array.from({ length: K }, (): Verdict[] => []);
  for (const verdict of verdicts) lists[verdict.category]!.push(verdict);
  for (const [k, list] of lists.entries()) {
    const D = list.length;
    const scores = new Float64Array(D);
    const outcomes = new Uint8Array(D);
    for (let d = 0; d < D; d++) {
      scores[d] = list[d]!.score;
      outcomes[d] = outcomeOf[list[d]!.kind];
    }
    const ranked = { rows: new Int32Array(D), ranks: new Int32Array(D), scores, cells: [] };
    accumulateCategory(ranked, { outcomes, positives: positives.subarray(k, k + 1) }, k, K, params, curves);
  }
  return new Summary(curves, params, K).precision({});
}
