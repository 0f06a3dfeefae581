/** `cmtdet train`: a detector on COCO json. */
import { UsageError } from '../errors.js';
import { loadBackbone } from '../models/checkpoints/initFrom.js';
import { countParameters } from '../nn/module.js';
import { DetectionTask } from '../train/detectionTask.js';
import { DataNotes } from './dataNotes.js';
import { joinWorkers } from './joinWorkers.js';
import { type Outcome, runTask, type TrainCommandOptions, trainingConfig } from './trainCommand.js';

export async function train(
  configFile: string,
  options: TrainCommandOptions & { readonly initFrom?: string },
): Promise<Outcome> {
  if (options.resume && options.initFrom !== undefined) {
    throw new UsageError('--resume goes on with the weights of the run: leave --init-from out');
  }
  const config = await trainingConfig(configFile, options.set);
  if (config.task !== 'detection')
    throw new UsageError(`${configFile} is for classification: "cmtdet pretrain" takes it`);
  const notes = new DataNotes();
  const workers = await joinWorkers(config);
  const task = await DetectionTask.open(config, notes, workers);
  const { images, withBoxes, withoutBoxes, boxes, dropped } = task.summary;
  const prepare = () => [
    `train: ${images} pictures, ${withBoxes} with boxes, ${withoutBoxes} without (${config.data.keepEmpty ? 'kept' : 'dropped'}); ` +
      `${boxes} boxes, left out: ${dropped.crowd} crowds, ${dropped.degenerate} degenerate`,
    `model: ${(countParameters(task.model).trained / 1e6).toFixed(2)} M parameters, ${task.categories.length} classes`,
    ...(options.initFrom === undefined ? [] : [loadBackbone(task.model.backbone, options.initFrom)]),
  ];
  return runTask(task, config, configFile, options, { headline: ['AP', 'AP50', 'AP75'], prepare, notes, workers });
}
