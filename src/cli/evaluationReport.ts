/** What `cmtdet evaluate` says of a measurement. */
import type { CocoEvaluation } from '../eval/cocoEval.js';
import { errorKinds } from '../eval/verdicts.js';
import { type AnalysisOptions, evaluationJson, writeAnalysis } from '../run/analysis.js';
import { note, print, printJson, table } from './console.js';

/** A measurement, and what it was made from. */
export type Measured = Omit<AnalysisOptions, 'out'>;

export interface ReportOptions {
  readonly json?: boolean;
  /** Print all digits. */
  readonly precision?: boolean;
  /** A folder for curves, confusions and the error breakdown, as JSON and pictures. */
  readonly out?: string;
}

/**
 * Prints the numbers, and writes the analysis where that was asked for.
 *
 * @param origin what the detections come from: a file was read, or a network found them, which is where the time went
 */
export async function reportEvaluation(
  measured: Measured,
  origin: 'read' | 'found',
  { json, precision = false, out }: ReportOptions,
): Promise<void> {
  if (json) printJson(evaluationJson(measured.evaluation));
  else printEvaluation(measured.evaluation, origin, precision);
  if (out === undefined) return;
  const { errors, iou, noConfusion } = await writeAnalysis({ ...measured, out });
  const rows = errorKinds.map((kind) => [kind, errors[kind].count, decimal(errors[kind].dAP)]);
  note(`\n${table([`AP at IoU ${iou} lost to`, 'count', 'dAP'], rows)}`);
  note(`curves, confusions and errors: ${out}`);
  if (noConfusion !== undefined) note(noConfusion);
}

/** Prints the numbers, each category by falling AP, and what was not scored. */
function printEvaluation(evaluation: CocoEvaluation, origin: 'read' | 'found', allDigits: boolean): void {
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
    `\n${origin} in ${load.toFixed(2)} s, matched in ${evaluate.toFixed(2)} s, accumulated in ${accumulate.toFixed(2)} s`,
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
