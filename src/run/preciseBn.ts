/** A checkpoint with statistics of batch normalisation that are estimated anew. */
import { dirname, join } from 'node:path';
import { loadConfig } from '../config/load.js';
import type { Config } from '../config/schema.js';
import { InterruptedError, UsageError } from '../errors.js';
import { toFloat32 } from '../formats/namedArray.js';
import { loadWeights, readModel, saveModel } from '../models/checkpoints/modelFile.js';
import { ClassificationTask } from '../train/classificationTask.js';
import { DetectionTask } from '../train/detectionTask.js';
import { chosenForTraining } from '../train/engineOptions.js';
import { estimateStatistics } from '../train/preciseStatistics.js';
import type { Metrics, Task } from '../train/task.js';
import { findCard } from './card.js';
import { dataEvents, type Observer } from './observer.js';
import { refuseOverwriting } from './refuseOverwriting.js';

export interface PreciseBnOptions {
  /** Of `train` or `pretrain`. */
  readonly checkpoint: string;
  /** What the checkpoint was trained with: where the pictures are, and how they are augmented. @default config.yaml beside it */
  readonly config?: Config | undefined;
  /** The checkpoint to write. */
  readonly out: string;
  /** Batches of training that are looked at. @default 200 */
  readonly batches?: number | undefined;
  readonly observer?: Observer | undefined;
  /** Ends it after the batch under way; nothing is written. */
  readonly signal?: AbortSignal | undefined;
}

export interface PreciseBn {
  /** What the checkpoint says was measured of it. */
  readonly before: Metrics;
  /** The same with the new statistics, on `data.val`; empty where there is none. */
  readonly after: Metrics;
}

/**
 * @throws UsageError when the network has no statistics that are learnt
 * @throws InterruptedError when `signal` was given
 * @throws CheckpointError when the checkpoint is damaged, or of another network than the config
 * @throws ConfigError, DatasetError with all that is wrong with config and data
 */
export async function preciseBn(options: PreciseBnOptions): Promise<PreciseBn> {
  const { checkpoint, out, observer = {} } = options;
  refuseOverwriting([out], [checkpoint]);
  const given = options.config ?? (await loadConfig(configBeside(checkpoint)));
  const config = chosenForTraining(given, await findCard());
  const events = dataEvents(observer);
  const task =
    config.task === 'detection'
      ? await DetectionTask.open(config, events)
      : await ClassificationTask.open(config, events);
  try {
    return await estimateFor<never>(task as Task<never>, config, options);
  } finally {
    await task.close();
  }
}

/** What a checkpoint was trained with, if it still lies in the folder of its run. */
export const configBeside = (checkpoint: string): string => join(dirname(checkpoint), 'config.yaml');

/** The same for a task that is open. */
export async function estimateFor<Batch>(
  task: Task<Batch>,
  config: Config,
  { checkpoint, out, batches = 200, observer = {}, signal }: Omit<PreciseBnOptions, 'config'>,
): Promise<PreciseBn> {
  const { description, tensors } = readModel(checkpoint);
  if (description.kind !== (config.task === 'detection' ? 'detector' : 'classifier'))
    throw new UsageError(`${checkpoint} is a ${description.kind}, and the config is for ${config.task}`);
  loadWeights(task.model, tensors, checkpoint);
  const values = new Map([...tensors].map(([name, array]) => [name, toFloat32(array)]));
  const progress = (what: string) => (done: number, total: number) => {
    if (signal?.aborted) throw new InterruptedError('stopped before the new statistics were written');
    observer.onProgress?.(done, total, what);
  };
  const estimated = await estimateStatistics(task, values, { config, batches, onProgress: progress('batches') });
  const { epoch, step, metrics: before } = description;
  const after = task.measures ? await task.evaluate(estimated, progress('pictures of val')) : {};
  await saveModel(out, task.model, task.describe({ epoch, step, metrics: after }), estimated);
  return { before, after };
}
