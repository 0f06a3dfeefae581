/** `cmtdet profile`: where the time of a training step or of inference goes, operation by operation. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../errors.js';
import { type OperationTiming, type OperationTotal, toChromeTrace, totalsByType } from '../tensorflow/timings.js';
import { inferenceWorkload, trainingWorkload, type Workload } from '../train/workload.js';
import { note, print, printJson, table } from './console.js';
import { LiveLine } from './liveLine.js';
import { findModel, inputSizeOf } from './namedModel.js';

export interface ProfileOptions {
  readonly mode: 'train' | 'forward';
  /** Pictures; 8 for a classifier and 1 for a detector where not given. */
  readonly batch?: number;
  readonly size?: string;
  /** How many are timed, and as many again recorded. */
  readonly steps: number;
  /** Folder for trace.json. */
  readonly out?: string;
  readonly json?: boolean;
}

/** Operations of a kind on a device, for one step. */
interface OperationRow extends OperationTotal {
  readonly device: string;
  /** Of the time of all operations on that device, 0 … 1. */
  readonly share: number;
}

/** What `--json` prints. Times and counts are of one step. */
interface Profile {
  readonly model: string;
  readonly mode: ProfileOptions['mode'];
  readonly batch: number;
  readonly inputSize: readonly [height: number, width: number];
  readonly steps: number;
  /** From call to result: median of steps that are not recorded, and mean of those that are. */
  readonly wallMs: number;
  readonly recordedWallMs: number;
  /** Sum over all operations, and time in which at least one was running. */
  readonly operationsMs: number;
  readonly busyMs: number;
  /** Largest resident size of the process so far. */
  readonly peakMebibytes: number;
  readonly operations: readonly OperationRow[];
  readonly trace: string | null;
}

/** Steps before anything is timed: the first one traces, the second one still fills TensorFlow's pools of memory. */
const warmUpSteps = 2;
/** Kinds of operations that the table names; the rest is one row. */
const rowsShown = 25;

export async function profile(name: string, options: ProfileOptions): Promise<void> {
  const model = await findModel(name);
  const { mode, steps, batch = model.config.task === 'classification' ? 8 : 1 } = options;
  const [height, width] = inputSizeOf(model, options.size);
  if (model.config.task === 'classification' && height !== width)
    throw new UsageError(`--size ${options.size}: expected one side, since classifiers take square pictures`);
  const make = mode === 'train' ? trainingWorkload : inferenceWorkload;
  const { wallMs, recordedWallMs, recordings } = await measure(
    make(model.config, model.classes, { batch, height, width }),
    steps,
  );
  const result: Profile = {
    model: name,
    mode,
    batch,
    inputSize: [height, width],
    steps,
    wallMs: median(wallMs),
    recordedWallMs,
    ...summarise(recordings, steps),
    peakMebibytes: process.resourceUsage().maxRSS / 1024,
    trace: options.out === undefined ? null : await writeTrace(options.out, recordings.at(-1)!),
  };
  if (options.json) printJson(result);
  else describe(result);
}

async function measure(workload: Workload, steps: number) {
  const line = new LiveLine();
  const timed = async () => {
    const started = performance.now();
    await workload.run();
    return performance.now() - started;
  };
  try {
    line.update('tracing');
    for (let i = 0; i < warmUpSteps; i++) await timed();
    const wallMs: number[] = [];
    for (let i = 0; i < steps; i++) {
      line.update(`step ${i + 1} of ${steps}`);
      wallMs.push(await timed());
    }
    let recordedWallMs = 0;
    const recordings = await workload.profile(async () => {
      for (let i = 0; i < steps; i++) {
        line.update(`recorded step ${i + 1} of ${steps}`);
        recordedWallMs += (await timed()) / steps;
      }
    });
    return { wallMs, recordedWallMs, recordings };
  } finally {
    line.clear();
    await workload.dispose();
  }
}

/** What a step's operations took. `recordings` are of `steps` steps, each of one run of the graph or more. */
export function summarise(recordings: readonly (readonly OperationTiming[])[], steps: number) {
  const all = recordings.flat();
  const devices = [...new Set(all.map(({ device }) => device))];
  const operations = devices.flatMap((device): OperationRow[] => {
    const own = all.filter((operation) => operation.device === device);
    const totalMs = sum(own.map(({ durationUs }) => durationUs)) / 1000;
    return totalsByType(own).map(({ type, count, totalMs: ms, mebibytes }) => ({
      device,
      type,
      count: count / steps,
      totalMs: ms / steps,
      share: totalMs > 0 ? ms / totalMs : 0,
      mebibytes: mebibytes / steps,
    }));
  });
  return {
    operationsMs: sum(operations.map(({ totalMs }) => totalMs)),
    busyMs: sum(recordings.map(busyMs)) / steps,
    operations,
  };
}

/** Time in which at least one operation runs. `operations` in order of start. */
export function busyMs(operations: readonly OperationTiming[]): number {
  let busyUs = 0;
  let coveredUntil = Number.NEGATIVE_INFINITY;
  for (const { startUs, durationUs } of operations) {
    const endUs = startUs + durationUs;
    if (endUs <= coveredUntil) continue;
    busyUs += endUs - Math.max(startUs, coveredUntil);
    coveredUntil = endUs;
  }
  return busyUs / 1000;
}

async function writeTrace(folder: string, operations: readonly OperationTiming[]): Promise<string> {
  const file = join(folder, 'trace.json');
  await mkdir(folder, { recursive: true });
  await writeFile(file, toChromeTrace(operations));
  return file;
}

function describe({ operations, trace, ...result }: Profile): void {
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
      ],
    )}`,
  );
  if (trace !== null) note(`${trace}: open it in https://ui.perfetto.dev or chrome://tracing`);
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

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)]! + sorted[Math.ceil((sorted.length - 1) / 2)]!) / 2;
}
