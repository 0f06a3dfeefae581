/** Where the time of a training step or of inference goes, operation by operation. */
import { UsageError } from '../errors.js';
import { type OperationTiming, type OperationTotal, totalsByType } from '../tensorflow/timings.js';
import { inferenceWorkload, trainingWorkload, type Workload } from '../train/workload.js';
import { busyMs, type Exchange, exchangeOf } from './exchange.js';
import { joinWorkers } from './joinWorkers.js';
import { findModel, type InputSize, inputSizeOf } from './namedModel.js';
import type { Observer } from './observer.js';

export interface ProfileOptions {
  /** A name (`cmt_ti`, `retinanet_cmt_s`), a config, or a checkpoint. */
  readonly model: string;
  /** A training step, or inference. @default 'train' */
  readonly mode?: 'train' | 'forward' | undefined;
  /** Pictures; of several workers (`TF_CONFIG`), of each. @default 8 for a classifier and 1 for a detector */
  readonly batch?: number | undefined;
  /** @default what the model is made for */
  readonly size?: InputSize | undefined;
  /** How many are timed, and as many again recorded. @default 3 */
  readonly steps?: number | undefined;
  readonly observer?: Observer | undefined;
}

/** Operations of a kind on a device, for one step. */
export interface OperationRow extends OperationTotal {
  readonly device: string;
  /** Of the time of all operations on that device, 0 … 1. */
  readonly share: number;
}

/** Times and counts are of one step. */
export interface Profile {
  readonly model: string;
  readonly mode: 'train' | 'forward';
  readonly batch: number;
  readonly inputSize: InputSize;
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
  /** Where several workers make the step together; all else is of this worker. */
  readonly exchange: Exchange | null;
  /** Every operation of the last step, in order of start. */
  readonly lastStep: readonly OperationTiming[];
}

/** Steps before anything is timed: the first one traces, the second one still fills TensorFlow's pools of memory. */
const warmUpSteps = 2;

/** @throws UsageError when `model` is no file and no known name, or a classifier's size is not square */
export async function profile(options: ProfileOptions): Promise<Profile> {
  const { model: name, mode = 'train', steps = 3, observer = {} } = options;
  const model = await findModel(name);
  const isClassifier = model.config.task === 'classification';
  const batch = options.batch ?? (isClassifier ? 8 : 1);
  const [height, width] = inputSizeOf(model, options.size);
  if (isClassifier && height !== width)
    throw new UsageError(`a size of ${height} x ${width}: expected one side, since classifiers take square pictures`);
  const workers = mode === 'train' ? await joinWorkers(model.config, observer.onFact ?? (() => {})) : undefined;
  const shape = { batch, height, width };
  const workload =
    mode === 'train'
      ? trainingWorkload(model.config, model.classes, shape, workers)
      : inferenceWorkload(model.config, model.classes, shape);
  const { wallMs, recordedWallMs, recordings } = await measure(workload, steps, observer);
  const exchange = workers ? await exchangeOf(recordings, steps, workers) : null;
  await workers?.dispose();
  return {
    model: name,
    mode,
    batch,
    inputSize: [height, width],
    steps,
    wallMs: median(wallMs),
    recordedWallMs,
    ...summarise(recordings, steps),
    peakMebibytes: process.resourceUsage().maxRSS / 1024,
    exchange,
    lastStep: recordings.at(-1)!,
  };
}

async function measure(workload: Workload, steps: number, { onProgress = () => {} }: Observer) {
  const timed = async () => {
    const started = performance.now();
    await workload.run();
    return performance.now() - started;
  };
  try {
    for (let i = 0; i < warmUpSteps; i++) {
      onProgress(i, warmUpSteps, 'tracing');
      await timed();
    }
    const wallMs: number[] = [];
    for (let i = 0; i < steps; i++) {
      onProgress(i, steps, 'timing');
      wallMs.push(await timed());
    }
    let recordedWallMs = 0;
    const recordings = await workload.profile(async () => {
      for (let i = 0; i < steps; i++) {
        onProgress(i, steps, 'recording');
        recordedWallMs += (await timed()) / steps;
      }
    });
    return { wallMs, recordedWallMs, recordings };
  } finally {
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

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)]! + sorted[Math.ceil((sorted.length - 1) / 2)]!) / 2;
}
