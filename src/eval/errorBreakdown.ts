/**
 * Which kinds of error cost how much AP, after Bolya et al., "TIDE: A General Toolbox for Identifying Object Detection
 * Errors" (2020, arXiv 2008.08115): every false positive and every missed object has one cause, and the cost of a cause
 * is what AP (at one IoU threshold) would gain if an oracle put it right.
 */
import { accumulateCategory, emptyCurves } from './accumulate.js';
import type { EvalData } from './evalData.js';
import { cocoRecallThresholds } from './evalParams.js';
import { outcome } from './matchCategory.js';
import { sortByKey } from './scoreOrder.js';
import { Summary } from './summarize.js';
import {
  type ErrorKind,
  isIgnored,
  judge,
  usualThresholds,
  type VerdictOptions,
  type Verdicts,
  verdict,
} from './verdicts.js';

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

export type ErrorBreakdownOptions = Partial<VerdictOptions>;

/**
 * What AP50 loses to each kind of error.
 *
 * @param data prepared with `useCats: false`
 */
export function errorBreakdown(data: EvalData, options: ErrorBreakdownOptions = {}): ErrorBreakdown {
  const thresholds = { ...usualThresholds, ...options };
  return errorCosts(data, judge(data, thresholds), thresholds);
}

/**
 * The same from verdicts that are there already.
 *
 * @param thresholds that the verdicts were given with
 */
export function errorCosts(
  data: EvalData,
  verdicts: Verdicts,
  { iou, backgroundIou }: Pick<VerdictOptions, 'iou' | 'backgroundIou'>,
): ErrorBreakdown {
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
