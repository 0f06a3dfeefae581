/** A run folder, read without touching it: the run may be under way. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { loadConfig } from '../config/load.js';
import type { Config } from '../config/schema.js';
import { UsageError } from '../errors.js';
import { jsonLines } from '../formats/jsonLines.js';
import type { PartOfRun } from './history.js';
import { type LogLine, MetricsLog } from './metricsLog.js';
import { lookInto } from './runFolder.js';
import { secondsSoFar } from './state.js';

/** What a run was told and what it measured. */
export interface RunRecord {
  readonly path: string;
  /** Of its folder. */
  readonly name: string;
  readonly config: Config;
  /** As the run folder has it. */
  readonly configText: string;
  /** Lines of metrics.jsonl, oldest first. */
  readonly training: readonly LogLine[];
  readonly measurements: readonly LogLine[];
  /** The measurement that the best checkpoint is of; undefined where nothing was measured. */
  readonly best: LogLine | undefined;
  /** By which `best` is chosen: AP, top1. */
  readonly bestMetric: string;
  readonly history: readonly PastPart[];
  /** How many pictures were skipped, and steps were odd. */
  readonly skipped: number;
  readonly incidents: number;
  /** Of training, measuring included, up to the last state. */
  readonly seconds: number | undefined;
  /** Of the best weights, else of the last; undefined before the first. */
  readonly checkpoint: string | undefined;
}

/** A line of history.jsonl. */
export interface PastPart extends PartOfRun {
  readonly time: string;
  readonly platform: string;
  readonly devices: readonly string[];
  readonly versions: Readonly<Record<string, string | null>>;
}

/** What a run folder has, but for pages, which may be made anew. */
export const filesBesidePages = (run: string): string[] =>
  readdirSync(run).flatMap((name) => (/\.html?$/i.test(name) ? [] : [join(run, name)]));

/**
 * @throws UsageError when the folder holds no run
 * @throws ConfigError when its config is of another version of cmtdet
 */
export async function readRun(path: string): Promise<RunRecord> {
  const files = lookInto(path);
  if (!existsSync(files.config))
    throw new UsageError(`${path} holds no run: there is no config.yaml, which "cmtdet train" writes first`);
  const config = await loadConfig(files.config);
  const log = new MetricsLog(files.metrics);
  const measurements = log.lines('val');
  const bestMetric = config.task === 'detection' ? 'AP' : 'top1';
  return {
    path,
    name: basename(resolve(path)),
    config,
    configText: readFileSync(files.config, 'utf8'),
    training: log.lines('train'),
    measurements,
    best: bestOf(measurements, bestMetric),
    bestMetric,
    history: jsonLines(files.history) as PastPart[],
    skipped: countLines(files.skipped),
    incidents: jsonLines(files.incidents).length,
    seconds: secondsSoFar(files.states[0]!) || undefined,
    checkpoint: files.checkpoints.find((file) => existsSync(file)),
  };
}

/** The first of the highest, as training keeps it. */
function bestOf(measurements: readonly LogLine[], metric: string): LogLine | undefined {
  let best: LogLine | undefined;
  for (const line of measurements) {
    const value = line[metric];
    if (typeof value === 'number' && value > Number(best?.[metric] ?? Number.NEGATIVE_INFINITY)) best = line;
  }
  return best;
}

const countLines = (file: string): number =>
  existsSync(file)
    ? readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line !== '').length
    : 0;
