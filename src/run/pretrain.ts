/** Trains a classifier on class folders, whose backbone a detector can start with. */
import type { Config } from '../config/schema.js';
import { UsageError } from '../errors.js';
import { ClassificationTask } from '../train/classificationTask.js';
import { dataEvents } from './observer.js';
import { type TrainedRun, type TrainingOptions, toEnd } from './training.js';

export interface ClassifierTrainingOptions extends TrainingOptions {
  /** Of a task `classification`. */
  readonly config: Config;
}

/**
 * @throws ConfigError, DatasetError with every problem that can be seen before the first step
 * @throws NonFiniteError when a value stops being finite and `train.onNonFinite` is to stop
 * @throws InterruptedError when the signal was given; everything is saved
 */
export async function pretrain({ config, ...options }: ClassifierTrainingOptions): Promise<TrainedRun> {
  if (config.task !== 'classification') throw new UsageError(`a config for ${config.task}: "train" takes it`);
  return toEnd(await ClassificationTask.open(config, dataEvents(options.observer ?? {})), config, options);
}
