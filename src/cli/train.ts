/** `cmtdet train`: a detector on COCO json. */
import { loadConfig } from '../config/load.js';
import { UsageError } from '../errors.js';
import { loadBackbone } from '../models/initFrom.js';
import { countParameters } from '../nn/module.js';
import { DetectionTask } from '../train/detectionTask.js';
import { RunFolder } from '../train/runFolder.js';
import type { Metrics } from '../train/task.js';
import { train as runTraining } from '../train/train.js';
import { note, print, printJson, table, warn } from './console.js';
import { interruptSignal, trainObserver } from './trainObserver.js';

export interface TrainCommandOptions {
  readonly set?: readonly string[];
  readonly run?: string;
  readonly initFrom?: string;
  readonly resume?: boolean;
  readonly json?: boolean;
}

export async function train(
  configFile: string,
  options: TrainCommandOptions,
): Promise<{ run: string; metrics: Metrics }> {
  const config = await loadConfig(configFile, options.set);
  if (config.task !== 'detection')
    throw new UsageError(`${configFile} is for classification: "cmtdet pretrain" takes it`);
  if (options.resume && options.run === undefined)
    throw new UsageError('--resume needs --run: the folder of the run to go on with');
  if (options.resume && options.initFrom !== undefined)
    throw new UsageError('--resume goes on with the weights of the run: leave --init-from out');

  const skipped: string[] = [];
  const task = await DetectionTask.open(config, {
    onWarning: warn,
    onSkipped: ({ file, reason }) => {
      skipped.push(`${file}\t${reason}`);
      warn(`skipped ${file}: ${reason}`);
      run?.list('skipped.txt', `${file}\t${reason}`);
    },
  });
  let run: RunFolder | undefined;
  const observer = trainObserver(['AP', 'AP50', 'AP75']);
  try {
    if (options.initFrom !== undefined) note(loadBackbone(task.model.backbone, options.initFrom));
    run = options.resume ? RunFolder.open(options.run!) : RunFolder.create(options.run, configFile, config);
    for (const line of skipped) run.list('skipped.txt', line);
    const { summary } = task;
    note(`run folder ${run.path}`);
    note(
      `train: ${summary.images} pictures, ${summary.withBoxes} with boxes, ${summary.withoutBoxes} without (${config.data.keepEmpty ? 'kept' : 'dropped'}); ` +
        `${summary.boxes} boxes, left out: ${summary.dropped.crowd} crowds, ${summary.dropped.degenerateIds.length} degenerate`,
    );
    note(`model: ${(countParameters(task.model) / 1e6).toFixed(2)} M parameters, ${task.categories.length} classes`);
    const metrics = await runTraining(task, {
      config,
      run,
      resume: options.resume ?? false,
      observer,
      signal: interruptSignal(),
    });
    report(metrics, run.path, options.json ?? false);
    return { run: run.path, metrics };
  } finally {
    observer.close();
    run?.close();
    await task.close();
  }
}

function report(metrics: Metrics, run: string, json: boolean): void {
  if (json) {
    printJson({ run, ...metrics });
    return;
  }
  const rows = Object.entries(metrics).map(([name, value]) => [name, value?.toFixed(4) ?? 'n/a']);
  if (rows.length > 0) print(table(['metric', 'val'], rows));
  print(`checkpoints: ${run}/last.safetensors${rows.length > 0 ? `, ${run}/best.safetensors` : ''}`);
}
