/** `cmtdet profile`: where the time of a training step or of inference goes, operation by operation. */

import { join } from 'node:path';
import { makeFolder } from '../formats/makeFolder.js';
import { writeWhole } from '../formats/writeWhole.js';
import type { Exchange } from '../run/exchange.js';
import { type OperationRow, type Profile, type ProfileOptions, profile } from '../run/profile.js';
import { type OperationTiming, toChromeTrace } from '../tensorflow/timings.js';
import { note, print, printJson, table } from './console.js';
import { LiveLine } from './liveLine.js';

export interface ProfileCommandOptions extends Omit<ProfileOptions, 'observer'> {
  /** Folder for trace.json. */
  readonly out?: string;
  readonly json?: boolean;
}

/** Rows of the table; all other kinds of operations share one more row. */
const rowsShown = 25;

export async function runProfile({ out, json, ...options }: ProfileCommandOptions): Promise<void> {
  const line = new LiveLine();
  const onFact = (fact: string) => note(fact);
  const onProgress = (done: number, total: number, what: string) => line.update(`${what} ${done + 1} of ${total}`);
  const { lastStep, ...result } = await profile({ ...options, observer: { onProgress, onFact } }).finally(() =>
    line.clear(),
  );
  if (result.exchange !== null && result.exchange.index > 0) return; // the first worker speaks for all
  const trace = out === undefined ? null : await writeTrace(out, lastStep);
  if (json) printJson({ ...result, trace });
  else describe(result);
  if (!json && trace !== null) note(`${trace}: open it in https://ui.perfetto.dev or chrome://tracing`);
}

async function writeTrace(folder: string, operations: readonly OperationTiming[]): Promise<string> {
  const file = join(folder, 'trace.json');
  makeFolder(folder);
  await writeWhole(file, toChromeTrace(operations));
  return file;
}

function describe({ operations, ...result }: Omit<Profile, 'lastStep'>): void {
  const { model, mode, batch, inputSize, steps } = result;
  const work = mode === 'train' ? 'a training step' : 'inference';
  print(`${model}: ${work} on ${batch} x ${inputSize.join(' x ')}, mean of ${steps} recorded steps`);
  for (const device of new Set(operations.map((row) => row.device))) {
    const own = operations.filter((row) => row.device === device);
    print(`\n${operationTable(device, own)}`);
  }
  const ms = (value: number) => `${value.toFixed(1)} ms`;
  print(
    `\n${table(
      ['one step', ''],
      [
        ['operations, added up', ms(result.operationsMs)],
        ['at least one running', ms(result.busyMs)],
        ['wall time, recorded', ms(result.recordedWallMs)],
        ['wall time', ms(result.wallMs)],
        ['peak memory', `${result.peakMebibytes.toFixed(0)} MiB`],
        ...(result.exchange ? exchangeRows(result.exchange) : []),
      ],
    )}`,
  );
}

function exchangeRows({ workers, ...times }: Exchange): [string, string][] {
  const { computingMs, waitingMs, movingMs, hiddenMs } = times;
  const ms = (value: number) => `${value.toFixed(1)} ms`;
  const share = waitingMs + movingMs > 0 ? hiddenMs / (waitingMs + movingMs) : 1;
  return [
    ['workers', String(workers)],
    ['computing', ms(computingMs)],
    ['exchange: waiting for the others', ms(waitingMs)],
    ['exchange: moving numbers', ms(movingMs)],
    ['exchange beside computing', `${ms(hiddenMs)}, ${(100 * share).toFixed(0)} %`],
  ];
}

function operationTable(device: string, rows: readonly OperationRow[]): string {
  const shown = rows.slice(0, rowsShown);
  const rest = rows.slice(rowsShown);
  const cells = ({ type, count, totalMs, share, mebibytes }: Omit<OperationRow, 'device'>) => [
    type,
    count,
    totalMs.toFixed(2),
    `${(100 * share).toFixed(1)} %`,
    mebibytes.toFixed(1),
  ];
  const total = (key: 'count' | 'totalMs' | 'share' | 'mebibytes') => sum(rest.map((row) => row[key]));
  const others = {
    type: `${rest.length} other kinds`,
    count: total('count'),
    totalMs: total('totalMs'),
    share: total('share'),
    mebibytes: total('mebibytes'),
  };
  const shortDevice = device.replace(/^\/job:localhost\/replica:0\/task:0/, '');
  const head = [`operation on ${shortDevice}`, 'count', 'ms', 'share', 'MiB written'];
  return table(head, [...shown.map(cells), ...(rest.length > 0 ? [cells(others)] : [])]);
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
