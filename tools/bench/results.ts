/** From the measurements of a case to its rates and its ratio. */
import { networkOf } from '../../src/models/build.js';
import { findModel } from '../../src/run/namedModel.js';
import type { BenchCase } from './cases.js';
import type { Contender } from './contenders.js';
import type { Measurement } from './job.js';
import { type Summary, summary } from './statistics.js';

/** A contender in a case: its runs, or why there are none. */
export interface Entry extends Pick<Contender, 'name' | 'family'> {
  readonly runs: Measurement[];
  failure: string | null;
}

export interface Line {
  readonly name: string;
  readonly family: Contender['family'];
  readonly picturesPerSecond: number;
  readonly secondsPerStep: Summary;
  readonly peakMb: number;
  readonly threads: number;
  /** Of one picture. */
  readonly macs: number | null;
}

export interface CaseResult {
  readonly batch: number;
  readonly inputSize: readonly [height: number, width: number];
  /** Our rate over the fastest PyTorch mode's. */
  readonly ratio: number;
  readonly lines: readonly Line[];
  readonly failures: Readonly<Record<string, string>>;
}

export async function resultOf({ job }: BenchCase, entries: readonly Entry[]): Promise<CaseResult> {
  const { batch, height, width } = job;
  const { config, classes } = await findModel(job.network);
  const macs = networkOf(config, classes).macs({ height, width });
  const lines = entries.filter(({ runs }) => runs.length > 0).map((entry) => lineOf(entry, batch, macs));
  const rates = (family: Contender['family']) =>
    lines.filter((line) => line.family === family).map(({ picturesPerSecond }) => picturesPerSecond);
  return {
    batch,
    inputSize: [height, width],
    ratio: rates('cmtdet')[0]! / Math.max(...rates('pytorch')),
    lines,
    failures: Object.fromEntries(entries.flatMap(({ name, failure }) => (failure === null ? [] : [[name, failure]]))),
  };
}

function lineOf({ name, family, runs }: Entry, batch: number, macs: number): Line {
  const secondsPerStep = summary(runs.flatMap(({ seconds }) => seconds));
  return {
    name,
    family,
    picturesPerSecond: batch / secondsPerStep.median,
    secondsPerStep,
    peakMb: Math.round(Math.max(...runs.map(({ peakMb }) => peakMb))),
    threads: runs[0]!.threads,
    macs: family === 'reference' ? (runs[0]!.macs ?? null) : macs,
  };
}

/** How our time for a picture compares with a reference's, and how the work does. */
export interface ReferenceComparison {
  readonly reference: string;
  /** Our time over that of the reference's fastest mode. */
  readonly time: number;
  /** Our multiply-accumulates over the reference's. */
  readonly macs: number;
}

/** Null where the case has no reference whose work was counted. */
export function compareWithReference({ lines }: CaseResult): ReferenceComparison | null {
  const references = lines.filter(({ family }) => family === 'reference');
  const ours = lines.find(({ family }) => family === 'cmtdet');
  const counted = references.find(({ macs }) => macs !== null);
  if (ours === undefined || counted === undefined) return null;
  const fastest = Math.max(...references.map(({ picturesPerSecond }) => picturesPerSecond));
  return {
    reference: counted.name,
    time: fastest / ours.picturesPerSecond,
    macs: ours.macs! / counted.macs!,
  };
}
