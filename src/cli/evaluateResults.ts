import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CocoFile } from '../data/coco/cocoFile.js';
import type { DetectionColumns } from '../data/coco/detectionColumns.js';
import { parseCoco } from '../data/coco/parseCoco.js';
import { parseResults } from '../data/coco/parseResults.js';
import { type CocoEvaluation, evaluateCoco } from '../eval/cocoEval.js';
import { confusionMatrix } from '../eval/confusion.js';
import { precisionRecallCurves } from '../eval/curves.js';
import { errorBreakdown, errorKinds } from '../eval/errorBreakdown.js';
import { prepareEvalData } from '../eval/evalData.js';
import { note, print, printJson, table, warn } from './console.js';

export interface EvaluateResultsOptions {
  readonly annotations: string;
  /** COCO results, plain or gzip. */
  readonly results: string;
  /** Most detections an image; 1, 10, 100 unless given. */
  readonly maxDets?: readonly number[];
  /** All categories count as one. */
  readonly classAgnostic?: boolean;
  /** Print all digits. */
  readonly precision?: boolean;
  readonly json?: boolean;
  /** A folder for curves, confusions and the error breakdown, as JSON and pictures. */
  readonly out?: string;
}

/** `cmtdet evaluate --annotations A.json --results R.json`: measures given results. Loads neither a model nor TensorFlow. */
export async function runEvaluateResults(options: EvaluateResultsOptions): Promise<void> {
  const started = performance.now();
  const groundTruth = parseCoco(options.annotations);
  const detections = parseResults(options.results);
  const load = (performance.now() - started) / 1000;
  for (const warning of groundTruth.warnings) warn(`${options.annotations}: ${warning}`);
  await measureAndReport(groundTruth, detections, load, { ...options, source: options.results });
}

/**
 * Measures, prints, and writes what was asked for.
 *
 * @param load seconds that it took to get both
 */
export async function measureAndReport(
  groundTruth: CocoFile,
  detections: DetectionColumns,
  load: number,
  options: Omit<EvaluateResultsOptions, 'annotations' | 'results'> & { readonly source: string },
): Promise<void> {
  const evaluation = evaluateCoco(groundTruth, detections, {
    ...(options.maxDets ? { maxDets: options.maxDets } : {}),
    useCats: !options.classAgnostic,
  });
  const result = { ...evaluation, seconds: { ...evaluation.seconds, load } };
  if (options.json) printJson(evaluationJson(result));
  else printEvaluation(result, options.precision);
  if (options.out !== undefined) {
    const data = prepareEvalData(groundTruth, detections, { useCats: false, source: options.source });
    await writeAnalysis(options.out, {
      evaluation: evaluationJson(result),
      curves: precisionRecallCurves(result),
      confusion: confusionMatrix(data),
      errors: errorBreakdown(data),
    });
    note(`curves, confusions and errors: ${options.out}`);
  }
}

/** The part of an evaluation that programs read. */
export function evaluationJson({ stats, perCategory, notScored, seconds, params }: CocoEvaluation) {
  return { stats, perCategory, notScored, seconds, maxDets: params.maxDets };
}

interface Analysis {
  readonly evaluation: ReturnType<typeof evaluationJson>;
  readonly curves: ReturnType<typeof precisionRecallCurves>;
  readonly confusion: ReturnType<typeof confusionMatrix>;
  readonly errors: ReturnType<typeof errorBreakdown>;
}

async function writeAnalysis(folder: string, analysis: Analysis): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const { drawConfusion, drawErrors, drawPrecisionRecall } = await import('../eval/plots.js'); // half a second to load
  const { evaluation, curves, confusion, errors } = analysis;
  const files = {
    'evaluation.json': JSON.stringify(evaluation, null, 2),
    'precision_recall.json': JSON.stringify(curves),
    'confusion.json': JSON.stringify(confusion),
    'errors.json': JSON.stringify(errors, null, 2),
    'precision_recall.png': await drawPrecisionRecall(curves),
    'confusion.png': await drawConfusion(confusion),
    'errors.png': await drawErrors(errors),
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const rows = errorKinds.map((kind) => [kind, errors.errors[kind].count, decimal(errors.errors[kind].dAP)]);
  note(`\n${table([`AP at IoU ${errors.iou} lost to`, 'count', 'dAP'], rows)}`);
}

/** Prints the numbers, each category by falling AP, and what was not scored. */
export function printEvaluation(evaluation: CocoEvaluation, allDigits = false): void {
  const { stats, perCategory, notScored, seconds, params } = evaluation;
  const show = allDigits ? digits : decimal;
  const most = params.maxDets.at(-1)!;
  print(table(['', 'IoU', 'area', 'maxDets', 'value'], statRows(evaluation, show)));
  if (perCategory.length > 0) {
    const sorted = perCategory.toSorted((a, b) => (b.AP ?? -1) - (a.AP ?? -1));
    const rows = sorted.map((category) => {
      const { name, AP, AP50, AP75, groundTruths, detections } = category;
      return [name, show(AP), show(AP50), show(AP75), show(category[`AR${most}`]), groundTruths, detections];
    });
    print(`\n${table(['category', 'AP', 'AP50', 'AP75', `AR${most}`, 'objects', 'detections'], rows)}`);
  }
  const { unknownCategory, beyondMaxDets, crowdRegions } = notScored;
  const left = [
    [unknownCategory, 'detections of a category that the ground truth does not have'],
    [beyondMaxDets, `detections beyond ${most} an image${perCategory.length > 0 ? ' and category' : ''}`],
    [crowdRegions, 'crowd regions (not to be found, and no fault to find)'],
  ] as const;
  for (const [count, what] of left)
    if (count > 0) print(`${what === left[0][1] ? '\n' : ''}not scored: ${count} ${what}`);
  if (stats.AP === null) print('\nn/a: the ground truth has no object to find.');
  const { load, evaluate, accumulate } = seconds;
  note(
    `\nread in ${load.toFixed(2)} s, matched in ${evaluate.toFixed(2)} s, accumulated in ${accumulate.toFixed(2)} s`,
  );
}

function statRows({ stats, params }: CocoEvaluation, show: (value: number | null | undefined) => string): string[][] {
  const [first, last] = [params.iouThresholds[0]!, params.iouThresholds.at(-1)!];
  const range = `${first.toFixed(2)}:${last.toFixed(2)}`;
  const areas = new Map(params.areaRanges.slice(1).map(({ name }) => [name, areaNames[name] ?? name]));
  return Object.entries(stats).map(([name, value]) => {
    const suffix = name.slice(2);
    const iou = name === 'AP50' ? '0.50' : name === 'AP75' ? '0.75' : range;
    const limit = /^AR\d+$/.test(name) ? suffix : String(params.maxDets.at(-1));
    return [name, iou, areas.get(suffix) ?? 'all', limit, show(value)];
  });
}

const areaNames: Readonly<Record<string, string>> = { s: 'small', m: 'medium', l: 'large' };

function decimal(value: number | null | undefined): string {
  return typeof value === 'number' ? value.toFixed(3) : 'n/a';
}

function digits(value: number | null | undefined): string {
  return typeof value === 'number' ? String(value) : 'n/a';
}
