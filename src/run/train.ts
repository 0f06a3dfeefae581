/** Trains a detector on COCO json. */
import type { Config } from '../config/schema.js';
import { UsageError } from '../errors.js';
import { initialise } from '../models/checkpoints/initDetector.js';
import { countParameters } from '../nn/module.js';
import { DetectionTask } from '../train/detectionTask.js';
import { watchForNothing } from './nothingFound.js';
import { pretrainedFile } from './pretrainedFile.js';
import { runTraining, type TrainedRun, type TrainingObserver, type TrainingOptions } from './training.js';
import { withReport } from './trainingReport.js';

export interface DetectorTrainingOptions extends TrainingOptions {
  /** Of a task `detection`. */
  readonly config: Config;
  /**
   * What the run starts with: a checkpoint of a detector, as far as it fits, or one whose backbone is taken, of `pretrain` or of the backbone's
   * authors; or the name of published weights (`cmt_ti`, `resnet50`, ...), which are fetched once.
   */
  readonly initFrom?: string | undefined;
}

/**
 * @throws ConfigError, DatasetError with every problem that can be seen before the first step
 * @throws NonFiniteError when a value stops being finite and `train.onNonFinite` is to stop
 * @throws InterruptedError when the signal was given; everything is saved
 */
export async function train({ config, initFrom, ...options }: DetectorTrainingOptions): Promise<TrainedRun> {
  if (config.task !== 'detection')
    throw new UsageError(`${options.configFile ?? 'the config'} is for ${config.task}: "pretrain" takes it`);
  if (options.resume && initFrom !== undefined)
    throw new UsageError('a run that is resumed goes on with its own weights: leave --init-from (initFrom) out');
  const weights =
    initFrom === undefined ? undefined : await pretrainedFile(initFrom, { onFact: options.observer?.onFact });
  let task: DetectionTask | undefined;
  const watch = watchForNothing(
    () => ({
      configFile: options.configFile ?? 'CONFIG',
      learningRate: config.train.optimizer.lr,
      boxes: task?.summary.boxes ?? 0,
      beyondAnchors: task?.boxesBeyondAnchors ?? null,
    }),
    (message) => options.observer?.onWarning?.(message),
  );
  const observer: TrainingObserver = {
    ...options.observer,
    onEvaluated(...measured) {
      options.observer?.onEvaluated?.(...measured);
      watch.onEvaluated(...measured);
    },
  };
  const trained = await runTraining(config, { ...options, observer }, async ({ config, events, workers }) => {
    const opened = await DetectionTask.open(config, events, workers);
    task = opened;
    const { images, withBoxes, withoutBoxes, boxes, dropped } = opened.summary;
    const prepare = () => [
      `train: ${images} pictures, ${withBoxes} with boxes, ${withoutBoxes} without (${config.data.keepEmpty ? 'kept' : 'dropped'}); ` +
        `${boxes} boxes, left out: ${dropped.crowd} crowds, ${dropped.degenerate} degenerate`,
      `model: ${(countParameters(opened.model).trained / 1e6).toFixed(2)} M parameters, ${opened.categories.length} classes`,
      ...(weights === undefined ? [] : initialise(opened.model, namesOf(opened), weights)),
    ];
    return { task: opened, prepare };
  });
  return withReport(trained, config.train.report, options);
}

const namesOf = ({ categories }: DetectionTask): string[] => categories.map(({ name }) => name);
