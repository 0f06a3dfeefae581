/** Runs side by side. */
import { writeAtomically } from '../formats/atomic.js';
import { comparePage } from '../report/comparePage.js';
import { flatten } from '../train/changes.js';
import { filesBesidePages, type RunRecord, readRun } from '../train/runRecord.js';
import { refuseOverwriting } from './refuseOverwriting.js';
import { readParts } from './report.js';
import { packageVersion } from './version.js';

export interface CompareOptions {
  /** Folders of runs; they may be under way. */
  readonly runs: readonly string[];
  /** A page with the curves over each other. Nothing is written where it is left out. */
  readonly out?: string | undefined;
  /** What `npm run build` made of `src/web/report`. @default `dist/web-report` of this package */
  readonly parts?: string | undefined;
}

/** One of the runs. */
export interface ComparedRun {
  readonly name: string;
  readonly path: string;
  /** By which its best checkpoint is chosen: AP, top1. */
  readonly metric: string;
  /** Of the best checkpoint; null where nothing was measured. */
  readonly epoch: number | null;
  readonly step: number | null;
  /** Of training so far. */
  readonly seconds: number | null;
  /** In training: the median over the log. */
  readonly picturesPerSecond: number | null;
  /** What the best checkpoint measured. */
  readonly metrics: Readonly<Record<string, number | null>>;
}

/** A key of the config in which the runs differ. */
export interface ConfigDifference {
  readonly key: string;
  /** Of each run, as JSON; null where a run has no such key. */
  readonly values: readonly (string | null)[];
}

export interface Comparison {
  /** In the order of the folders. */
  readonly runs: readonly ComparedRun[];
  readonly differences: readonly ConfigDifference[];
}

/** @throws UsageError when a folder holds no run, or the page would take the place of a file of one */
export async function compare({ runs: paths, out, parts }: CompareOptions): Promise<Comparison> {
  const records = await Promise.all(paths.map(readRun));
  if (out !== undefined) refuseOverwriting([out], paths.flatMap(filesBesidePages));
  const comparison = { runs: records.map(compared), differences: differencesOf(records) };
  if (out !== undefined) {
    const curves = records.map(({ training, measurements }) => ({ training, measurements }));
    const page = await comparePage({ ...comparison, curves, version: packageVersion() }, await readParts(parts));
    await writeAtomically(out, (file) => file.writeFile(page));
  }
  return comparison;
}

function compared({ name, path, best, bestMetric, seconds, training }: RunRecord): ComparedRun {
  const measured = Object.entries(best ?? {}).filter(([key]) => !['kind', 'step', 'epoch'].includes(key));
  const rates = training.flatMap(({ rate }) => (typeof rate === 'number' ? [rate] : [])).sort((a, b) => a - b);
  return {
    name,
    path,
    metric: bestMetric,
    epoch: best === undefined ? null : Number(best.epoch),
    step: best?.step ?? null,
    seconds: seconds ?? null,
    picturesPerSecond: rates[Math.floor(rates.length / 2)] ?? null,
    metrics: Object.fromEntries(
      measured.filter((entry): entry is [string, number | null] => typeof entry[1] !== 'string'),
    ),
  };
}

/** Defaults are filled in, so that a key which one of two files leaves out is no difference by itself. */
function differencesOf(records: readonly RunRecord[]): ConfigDifference[] {
  const configs = records.map(({ config }) => flatten(config));
  const keys = [...new Set(configs.flatMap((config) => Object.keys(config)))];
  return keys
    .map((key) => ({ key, values: configs.map((config) => config[key] ?? null) }))
    .filter(({ values }) => values.some((value) => value !== values[0]));
}
