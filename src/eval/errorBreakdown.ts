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
import { sortByFallingScore, sortByKey } from './scoreOrder.js';
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

/** What becomes of a detection; the last one only after an oracle has been at work. */
const verdict = {
  right: 0,
  ignored: 1,
  classification: 2,
  localisation: 3,
  both: 4,
  duplicate: 5,
  background: 6,
  removed: 7,
} as const satisfies Record<Exclude<ErrorKind, 'missed'> | 'right' | 'ignored' | 'removed', number>;

type Kind = (typeof verdict)[keyof typeof verdict];

/** The detections with their verdicts, by falling score: columns, since there are half a million of them on COCO's val set. */
interface Verdicts {
  readonly scores: Float64Array;
  /** Of the detection, or of its object once an oracle has put that right. */
  readonly categories: Int32Array;
  readonly kinds: Uint8Array;
  /** Row of the object that a `classification` or `localisation` error is about, or that a right detection found; else -1. */
  readonly objects: Int32Array;
}

/** @param data prepared with `useCats: false` */
export function errorBreakdown(data: EvalData, options: ErrorBreakdownOptions = {}): ErrorBreakdown {
  const { iou = 0.5, backgroundIou = 0.1, maxDets = 100 } = options;
  const verdicts = judge(data, { iou, backgroundIou, maxDets });

  const { groundTruth, categories } = data;
  const objects = [...groundTruth.categories.keys()].filter((row) => !isIgnored(groundTruth, row));
  const found = objectsOf(verdicts, (kind) => kind === verdict.right);
  const nearlyFound = objectsOf(verdicts, isMendable);
  const unfound = objects.filter((row) => !found.has(row));
  const missed = unfound.filter((row) => !nearlyFound.has(row));

  const ap = (mended: Verdicts, without: readonly number[] = []) => {
    const positives = new Int32Array(categories.length);
    for (const row of objects) positives[groundTruth.categories[row]!]!++;
    for (const row of without) positives[groundTruth.categories[row]!]!--;
    return averagePrecision(mended, positives);
  };
  const AP = ap(verdicts);
  const cost = (count: number, mended: number | null): ErrorCost => {
    return { count, dAP: AP === null || mended === null ? null : mended - AP };
  };
  const costOf = (kind: number) =>
    cost(countOf(verdicts, kind), ap(mend(verdicts, kind, found, groundTruth.categories)));
  const wrongKinds = Object.values(verdict).filter(isWrong);
  return {
    AP,
    errors: {
      classification: costOf(verdict.classification),
      localisation: costOf(verdict.localisation),
      both: costOf(verdict.both),
      duplicate: costOf(verdict.duplicate),
      background: costOf(verdict.background),
      missed: cost(missed.length, ap(verdicts, missed)),
    },
    falsePositives: cost(
      wrongKinds.reduce<number>((sum, kind) => sum + countOf(verdicts, kind), 0),
      ap({ ...verdicts, kinds: verdicts.kinds.map((kind) => (isWrong(kind) ? verdict.removed : kind)) }),
    ),
    falseNegatives: cost(unfound.length, ap(verdicts, unfound)),
    iou,
    backgroundIou,
  };
}

const isWrong = (kind: number): boolean => kind >= verdict.classification && kind <= verdict.background;
const isMendable = (kind: number): boolean => kind === verdict.classification || kind === verdict.localisation;

function countOf({ kinds }: Verdicts, wanted: number): number {
  let count = 0;
  for (const kind of kinds) if (kind === wanted) count++;
  return count;
}

/** Rows of the objects that verdicts of some kinds are about. */
function objectsOf({ kinds, objects }: Verdicts, isOf: (kind: number) => boolean): Set<number> {
  const rows = new Set<number>();
  for (const [i, kind] of kinds.entries()) if (isOf(kind)) rows.add(objects[i]!);
  return rows;
}

type Thresholds = Required<ErrorBreakdownOptions>;

/** The verdict on every detection. */
function judge(data: EvalData, thresholds: Thresholds): Verdicts {
  const limit = data.detections.scores.length;
  const [scores, given] = [new Float64Array(limit), new Int32Array(3 * limit)];
  let count = 0;
  for (const image of imagesOf(data, -Infinity))
    judgeImage(data, image, thresholds, (row, kind, object) => {
      scores[count] = data.detections.scores[row]!;
      given.set([data.detections.categories[row]!, kind, object], 3 * count++);
    });
  const order = Int32Array.from({ length: count }, (_, i) => i);
  sortByFallingScore(order, 0, count, scores, new Int32Array(count));
  const verdicts: Verdicts = {
    scores: new Float64Array(count),
    categories: new Int32Array(count),
    kinds: new Uint8Array(count),
    objects: new Int32Array(count),
  };
  for (let i = 0; i < count; i++) {
    const from = order[i]!;
    verdicts.scores[i] = scores[from]!;
    verdicts.categories[i] = given[3 * from]!;
    verdicts.kinds[i] = given[3 * from + 1]!;
    verdicts.objects[i] = given[3 * from + 2]!;
  }
  return verdicts;
}

/** Gives the verdict on each detection of an image, by falling score. Right ones are those of COCO's matching. */
function judgeImage(
  data: EvalData,
  image: ImageBoxes,
  { iou, backgroundIou, maxDets }: Thresholds,
  give: (row: number, kind: Kind, object: number) => void,
): void {
  const { groundTruth, detections } = data;
  const { truth, G, rows } = image;
  const { ious } = iouMatrix(groundTruth, truth, G, detections.boxesXywh, rows);
  const taken = new Set<number>();
  const seen = new Map<number, number>();

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

    const free = best(d, (g) => same(g) && !isCrowd(g) && !taken.has(g));
    if (free.overlap >= iou) {
      taken.add(free.g);
      give(row, verdict.right, truth + free.g);
      continue;
    }
    const area = detections.boxesXywh[4 * row + 2]! * detections.boxesXywh[4 * row + 3]!;
    if (outside(area) || best(d, (g) => same(g) && isCrowd(g)).overlap >= iou) {
      give(row, verdict.ignored, -1);
      continue;
    }
    const own = best(d, (g) => same(g) && !isCrowd(g));
    const other = best(d, (g) => !same(g) && !isCrowd(g));
    if (own.overlap >= backgroundIou && own.overlap < iou) give(row, verdict.localisation, truth + own.g);
    else if (other.overlap >= iou) give(row, verdict.classification, truth + other.g);
    else if (own.overlap >= iou) give(row, verdict.duplicate, -1);
    else give(row, Math.max(own.overlap, other.overlap) < backgroundIou ? verdict.background : verdict.both, -1);
  }
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

/**
 * The detections after an oracle has mended one kind of error: a wrong category or place is put right if nobody else
 * has the object (the best-scored of several gets it); what cannot be put right is removed.
 */
function mend(verdicts: Verdicts, kind: number, found: ReadonlySet<number>, categoryOf: Int32Array): Verdicts {
  const [kinds, categories] = [verdicts.kinds.slice(), verdicts.categories.slice()];
  const claimed = new Set<number>();
  for (const [i, one] of verdicts.kinds.entries()) {
    if (one !== kind) continue;
    const object = verdicts.objects[i]!;
    if (!isMendable(kind) || found.has(object) || claimed.has(object)) {
      kinds[i] = verdict.removed;
      continue;
    }
    claimed.add(object);
    kinds[i] = verdict.right;
    categories[i] = categoryOf[object]!;
  }
  return { ...verdicts, kinds, categories };
}

/** Mean over categories of the AP at one threshold. */
function averagePrecision({ kinds, categories, scores: all }: Verdicts, positives: Int32Array): number | null {
  const K = positives.length;
  const params = {
    iouThresholds: Float64Array.of(0.5), // a label only: the verdicts are given
    recallThresholds: cocoRecallThresholds,
    areaRanges: [{ name: 'all', min: 0, max: Infinity }],
    maxDets: [Infinity],
    useCats: true,
  };
  const curves = emptyCurves(params, K);
  const rows = sortByKey(notRemoved(kinds), categories, K);
  for (let k = 0, from = 0; k < K; k++) {
    let to = from;
    while (to < rows.length && categories[rows[to]!] === k) to++;
    const own = rows.subarray(from, to);
    const scores = new Float64Array(own.length);
    const outcomes = new Uint8Array(own.length);
    for (let d = 0; d < own.length; d++) {
      scores[d] = all[own[d]!]!;
      outcomes[d] = outcomeOf(kinds[own[d]!]!);
    }
    const ranked = { rows: own, ranks: new Int32Array(own.length), scores, cells: [] };
    accumulateCategory(ranked, { outcomes, positives: positives.subarray(k, k + 1) }, k, K, params, curves);
    from = to;
  }
  return new Summary(curves, params, K).precision({});
}

function notRemoved(kinds: Uint8Array): Int32Array {
  const rows = new Int32Array(kinds.length);
  let count = 0;
  for (let i = 0; i < kinds.length; i++) if (kinds[i] !== verdict.removed) rows[count++] = i;
  return rows.subarray(0, count);
}

function outcomeOf(kind: number): number {
  if (kind === verdict.right) return outcome.truePositive;
  return kind === verdict.ignored ? outcome.ignored : outcome.falsePositive;
}
