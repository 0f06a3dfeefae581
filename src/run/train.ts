/** Trains a detector on COCO json. */
import type { Config } from '../config/schema.js';
import { UsageError } from '../errors.js';
import { loadBackbone } from '../models/checkpoints/initFrom.js';
import { DetectionTask } from '../train/detectionTask.js';
import { dataEvents } from './observer.js';
import { type TrainedRun, type TrainingOptions, toEnd } from './training.js';

export interface DetectorTrainingOptions extends TrainingOptions {
  /** Of a task `detection`. */
  readonly config: Config;
  /** A checkpoint whose backbone the run starts with: of `pretrain`, or of the backbone's authors. */
  readonly initFrom?: string | undefined;
}

/**
 * @throws ConfigError, DatasetError with every problem that can be seen before the first step
 * @throws NonFiniteError when a value stops being finite and `train.onNonFinite` is to stop
 * @throws InterruptedError when the signal was given; everything is saved
 */
export async function train({ config, initFrom, ...options }: DetectorTrainingOptions): Promise<TrainedRun> {
  if (config.task !== 'detection') throw new UsageError(`a config for ${config.task}: "pretrain" takes it`);
  if (options.resume && initFrom !== undefined)
    throw new UsageError('a run that goes on has its weights: leave initFrom out');
  const task = await DetectionTask.open(config, dataEvents(options.observer ?? {}));
  return toEnd(task, config, options, () => {
    if (initFrom !== undefined) loadBackbone(task.model.backbone, initFrom);
  });
}
