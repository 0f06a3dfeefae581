/** `cmtdet compare`: runs side by side. */
import { UsageError } from '../errors.js';
import { type Comparison, compare } from '../run/compare.js';
import { duration, note, print, printJson, table } from './console.js';

export interface CompareCommandOptions {
  readonly out?: string;
  readonly json?: boolean;
}

export async function runCompare(runs: readonly string[], { out, json }: CompareCommandOptions): Promise<void> {
  if (runs.length < 2) throw new UsageError('one run alone cannot be compared: give two folders or more');
  const comparison = await compare({ runs, out });
  if (json) printJson(comparison);
  else printComparison(comparison);
  if (out !== undefined) note(`page: ${out}`);
}

function printComparison({ runs, differences }: Comparison): void {
  const names = runs.map(({ name }) => name);
  const metrics = [...new Set(runs.flatMap((run) => Object.keys(run.metrics)))];
  const rows = [
    ...metrics.map((metric) => [metric, ...runs.map((run) => run.metrics[metric]?.toFixed(3) ?? 'n/a')]),
    ['best epoch', ...runs.map(({ epoch }) => epoch ?? 'n/a')],
    ['training', ...runs.map(({ seconds }) => (seconds === null ? 'n/a' : duration(seconds)))],
    ['pictures/s', ...runs.map(({ picturesPerSecond }) => picturesPerSecond?.toFixed(1) ?? 'n/a')],
  ];
  print(table(['', ...names], rows));
  if (differences.length === 0) print('\ntheir configs are the same');
  else
    print(
      `\n${table(
        ['config', ...names],
        differences.map(({ key, values }) => [key, ...values.map((value) => value ?? '-')]),
      )}`,
    );
}
