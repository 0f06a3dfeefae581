/**
 * COCO's detection measure (bounding boxes), equal to pycocotools 2.0.11 in every bit: the numbers, per category, and
 * the curves. Letters are COCO's: T IoU thresholds, R recall thresholds, K categories, A area ranges, M detection limits.
 *
 * One deviation, on purpose: annotation ids do not matter. In the reference, an object with id 0 can never be found, and
 * of objects that share an id only the last exists. docs/evaluation.md has the rules.
 */

import type { CocoFile } from '../data/coco/cocoFile.js';
import type { DetectionColumns } from '../data/coco/detectionColumns.js';
import { type ParseCocoOptions, parseCoco } from '../data/coco/parseCoco.js';
import { parseResults } from '../data/coco/parseResults.js';
import type { JsonInput } from '../data/coco/records.js';
import type { Repair } from '../data/repairs.js';
import { DatasetError } from '../errors.js';
import { accumulateCategory, type Curves, emptyCurves, mostCategories } from './accumulate.js';
import { type EvalData, prepareEvalData } from './evalData.js';
import { type EvalOptions, type EvalParams, resolveEvalParams } from './evalParams.js';
import { matchDetections, rankDetections } from './matchCategory.js';
import { type CategoryStats, type CocoStats, Summary } from './summarize.js';

/** What had no part in the numbers. */
export interface NotScored {
  /** Detections of a category that the ground truth does not have. */
  readonly unknownCategory: number;
  /** Detections beyond the largest limit of their image and category. */
  readonly beyondMaxDets: number;
  /** Crowd regions: not to be found, and what is found in them is no fault. */
  readonly crowdRegions: number;
}

export interface CocoEvaluation {
  readonly stats: CocoStats;
  /** Ascending by id; empty where all categories count as one. */
  readonly perCategory: readonly CategoryStats[];
  readonly notScored: NotScored;
  readonly seconds: { readonly load: number; readonly evaluate: number; readonly accumulate: number };
  readonly params: EvalParams;
  /** [T, R, K, A, M] and so on, K in ascending id. */
  readonly curves: Curves;
  /** What was mended in the ground truth, left out of it, or looked odd. */
  readonly repairs: readonly Repair[];
}

/** `[{ image_id, category_id, bbox, score }, ...]`, a path or JSON text of it, or columns from a model's run. */
export type DetectionSource = JsonInput | DetectionColumns;

/**
 * Measures detections against ground truth.
 *
 * @param groundTruth as in `parseCoco`
 * @throws DatasetError if either side cannot be used, with all that is wrong with it
 * @example
 * const { stats } = evaluateCoco('instances_val2017.json', 'results.json');
 * console.log(stats.AP); //=> 0.4428...
 */
export function evaluateCoco(
  groundTruth: JsonInput | CocoFile,
  detections: DetectionSource,
  options: EvalOptions & ParseCocoOptions = {},
): CocoEvaluation {
  const params = resolveEvalParams(options);
  const started = performance.now();
  const file = parseCoco(groundTruth, options);
  const columns = isColumns(detections) ? detections : parseResults(detections);
  const loaded = performance.now();
  const source = typeof detections === 'string' && !/^\s*\[/.test(detections) ? detections : 'results';
  const data = prepareEvalData(file, columns, { useCats: params.useCats, source });
  const fit = mostCategories(params);
  if (data.groups > fit) {
    const message = `${data.groups}, and curves of at most ${fit} fit into memory: leave out those without objects, or take all as one (useCats: false, --class-agnostic)`;
    throw new DatasetError(source, [{ at: 'categories', message }]);
  }
  const { curves, matchMs, accumulateMs, beyondMaxDets } = measure(data, params);
  const prepared = performance.now() - loaded - matchMs - accumulateMs;
  const summaryStarted = performance.now();
  const summary = new Summary(curves, params, data.groups);
  const stats = summary.stats();
  const perCategory = params.useCats
    ? data.categories.map((category, k) => perCategoryOf(summary, data, category, k))
    : [];
  return {
    stats,
    perCategory,
    notScored: {
      unknownCategory: data.unknownCategory,
      beyondMaxDets,
      crowdRegions: data.groundTruth.crowd.reduce((sum, crowd) => sum + crowd, 0),
    },
    seconds: {
      load: (loaded - started) / 1000,
      evaluate: (prepared + matchMs) / 1000,
      accumulate: (accumulateMs + performance.now() - summaryStarted) / 1000,
    },
    params,
    curves,
    repairs: file.repairs,
  };
}

function measure(data: EvalData, params: EvalParams) {
  const curves = emptyCurves(params, data.groups);
  let [matchMs, accumulateMs, beyondMaxDets] = [0, 0, 0];
  for (let k = 0; k < data.groups; k++) {
    const started = performance.now();
    const ranked = rankDetections(data, k, params.maxDets.at(-1)!);
    beyondMaxDets += data.detections.starts[k + 1]! - data.detections.starts[k]! - ranked.rows.length;
    const matches = matchDetections(data, ranked, params);
    const matched = performance.now();
    accumulateCategory(ranked, matches, k, data.groups, params, curves);
    matchMs += matched - started;
    accumulateMs += performance.now() - matched;
  }
  return { curves, matchMs, accumulateMs, beyondMaxDets };
}

function perCategoryOf(
  summary: Summary,
  { groundTruth, detections }: EvalData,
  category: CocoFile['categories'][number],
  k: number,
): CategoryStats {
  const crowd = groundTruth.crowd.subarray(groundTruth.starts[k], groundTruth.starts[k + 1]);
  const groundTruths = crowd.reduce((count, isCrowd) => count + 1 - isCrowd, 0);
  return summary.category(k, category, groundTruths, detections.starts[k + 1]! - detections.starts[k]!);
}

function isColumns(detections: DetectionSource): detections is DetectionColumns {
  return typeof detections === 'object' && 'boxesXywh' in detections;
}
