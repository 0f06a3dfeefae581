/** `cmtdet pretrain`: a classifier on class folders. */
import { UsageError } from '../errors.js';
import { countParameters } from '../nn/module.js';
import { ClassificationTask } from '../train/classificationTask.js';
import { DataNotes } from './dataNotes.js';
import { joinWorkers } from './joinWorkers.js';
import { type Outcome, runTask, type TrainCommandOptions, trainingConfig } from './trainCommand.js';

export async function pretrain(configFile: string, options: TrainCommandOptions): Promise<Outcome> {
  const config = await trainingConfig(configFile, options.set);
  if (config.task !== 'classification') throw new UsageError(`${configFile} is for detection: "cmtdet train" takes it`);
  const notes = new DataNotes();
  const workers = await joinWorkers(config);
  const task = await ClassificationTask.open(config, notes, workers);
  const { train, val } = task.counts;
  const prepare = () => [
    `train: ${train} pictures, val: ${val}`,
    `model: ${(countParameters(task.model).trained / 1e6).toFixed(2)} M parameters, ${task.classes.length} classes`,
  ];
  return runTask(task, config, configFile, options, { headline: ['top1', 'top5'], prepare, notes, workers });
}
