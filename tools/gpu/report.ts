/** What the check found, and the page that tells it. */
import { table } from './markdown.js';

/** A part of the check: what it found, or why it found nothing. */
export type Part<T> = { readonly found: T; readonly seconds: number } | { readonly missing: string };

export interface Comparison {
  readonly name: string;
  /** Length of the difference from the CPU's numbers over the length of those. */
  readonly error: number;
  readonly limit: number;
}

export interface RateRow {
  readonly who: string;
  readonly work: string;
  readonly batch: number;
  readonly size: string;
  readonly picturesPerSecond: number;
  readonly msPerStep: number;
  readonly cardMb: number | null;
}

export interface LossRow {
  readonly step: number;
  readonly device: number;
  readonly cpu: number;
}

export interface Report {
  readonly device: string;
  readonly quick: boolean;
  readonly machine: Readonly<Record<string, unknown>>;
  readonly doctor: Part<{ readonly devices: readonly string[]; readonly problems: readonly string[] }>;
  readonly parity: readonly Part<Comparison>[];
  readonly rates: readonly Part<RateRow>[];
  readonly losses: Part<{ readonly rows: readonly LossRow[]; readonly waiting: number; readonly rate: number }>;
  readonly largestBatch: Part<{ readonly fits: number; readonly fails: number | null }>;
  readonly profile: Part<{
    readonly wallMs: number;
    readonly busyMs: number;
    readonly operations: readonly {
      readonly device: string;
      readonly type: string;
      readonly count: number;
      readonly totalMs: number;
    }[];
  }>;
}

const operationsShown = 15;

/** Markdown. docs/gpu.md says how to read it. */
export function page(report: Report): string {
  const { machine, device, quick } = report;
  return [
    `# What cmtdet does on ${device}${quick ? ' (quick: only whether everything runs)' : ''}`,
    Object.entries(machine)
      .map(([key, value]) => `- ${key}: ${typeof value === 'object' ? JSON.stringify(value) : value}`)
      .join('\n'),
    '## Devices',
    told(report.doctor, ({ devices, problems }) => [devices.join(', '), ...problems].join('\n\n')),
    '## The same numbers as on the CPU',
    rows(['', 'relative error', 'limit', ''], report.parity, ({ name, error, limit }) => [
      name,
      error.toExponential(1),
      limit.toExponential(0),
      error <= limit ? 'agrees' : '**DIFFERS**',
    ]),
    '## Pictures a second',
    rows(['', 'work', 'batch', 'size', 'pictures/s', 'ms a step', 'MB on the card'], report.rates, (row) => [
      ...[row.who, row.work, row.batch, row.size, row.picturesPerSecond.toFixed(1), row.msPerStep.toFixed(1)],
      row.cardMb?.toFixed(0) ?? '-',
    ]),
    '## Training: the demo detector, losses beside the CPU',
    told(report.losses, ({ rows: lines, waiting, rate }) =>
      [
        table(
          ['step', 'here', 'CPU'],
          lines.map((line) => [line.step, line.device.toFixed(4), line.cpu.toFixed(4)]),
        ),
        `${rate.toFixed(1)} pictures a second; the step waited for pictures ${(100 * waiting).toFixed(0)} % of the time.`,
      ].join('\n\n'),
    ),
    '## Largest batch, RetinaNet-CMT-S',
    told(report.largestBatch, ({ fits, fails }) => `${fits} fits${fails === null ? '' : `, ${fails} does not`}.`),
    '## Where the time of a step goes',
    told(report.profile, ({ wallMs, busyMs, operations }) =>
      [
        `${wallMs.toFixed(1)} ms a step, ${busyMs.toFixed(1)} of them with an operation running.`,
        table(
          ['operation', 'device', 'count', 'ms'],
          operations
            .slice(0, operationsShown)
            .map(({ type, device: on, count, totalMs }) => [type, on, count, totalMs.toFixed(2)]),
        ),
      ].join('\n\n'),
    ),
    '',
  ].join('\n\n');
}

function told<T>(part: Part<T>, tell: (found: T) => string): string {
  return 'found' in part ? tell(part.found) : `Nothing: ${part.missing}`;
}

function rows<T>(head: readonly string[], parts: readonly Part<T>[], row: (found: T) => (string | number)[]): string {
  const missing = parts.flatMap((part) => ('missing' in part ? [`- ${part.missing}`] : []));
  const found = parts.flatMap((part) => ('found' in part ? [row(part.found)] : []));
  return [...(found.length > 0 ? [table(head, found)] : []), ...(missing.length > 0 ? [missing.join('\n')] : [])].join(
    '\n\n',
  );
}
