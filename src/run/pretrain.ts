/** Trains a classifier on class folders, whose backbone a detector can start with. */
import type { Config } from '../config/schema.js';
import { UsageError } from '../errors.js';
import { countParameters } from '../nn/module.js';
import { ClassificationTask } from '../train/classificationTask.js';
import { runTraining, type TrainedRun, type TrainingOptions } from './training.js';
import { withReport } from './trainingReport.js';

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
  if (config.task !== 'classification')
    throw new UsageError(`${options.configFile ?? 'the config'} is for ${config.task}: "train" takes it`);
  const trained = await runTraining(config, options, async ({ config, events, workers }) => {
    const task = await ClassificationTask.open(config, events, workers);
    const { train, val } = task.counts;
    const prepare = () => [
      `train: ${train} pictures, val: ${val}`,
      `model: ${(countParameters(task.model).trained / 1e6).toFixed(2)} M parameters, ${task.classes.length} classes`,
    ];
    return { task, prepare };
  });
  return withReport(trained, config.train.report, options);
}
