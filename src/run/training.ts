/** What `train` and `pretrain` have in common: the run folder, the observer, and what comes out. */
import type { Config } from '../config/schema.js';
import { train } from '../train/loop.js';
import { RunFolder } from '../train/runFolder.js';
import type { Metrics, Task, TrainObserver } from '../train/task.js';
import type { Observer } from './observer.js';

export interface TrainingOptions {
  /** Folder for checkpoints and logs. @default a new folder below `runs/` */
  readonly run?: string | undefined;
  /** Goes on with what is in `run`. @default false */
  readonly resume?: boolean | undefined;
  /** Whether a run that goes on may learn in another way than it began: rate, schedule, precision, val data. @default false */
  readonly acceptChanges?: boolean | undefined;
  readonly observer?: TrainingObserver | undefined;
  /** Ends the run after the step under way; everything is saved. */
  readonly signal?: AbortSignal | undefined;
}

/** Hears how a training run goes. All parts may be left out. */
export interface TrainingObserver extends Observer, Partial<Omit<TrainObserver, 'onWarning'>> {}

/** What a run ended with. */
export interface TrainedRun {
  /** Its folder. */
  readonly run: string;
  /** The checkpoint that measured best on the val set; of a run without one, the last checkpoint. */
  readonly checkpoint: string;
  /** The checkpoint of the last weights. */
  readonly last: string;
  /** The last measurement on the val set; empty where there is none. */
  readonly metrics: Metrics;
}

/** @param prepare finishes the model, before anything is written */
export async function toEnd<Batch>(
  task: Task<Batch> & { close(): Promise<void> },
  config: Config,
  { run: folder, resume = false, acceptChanges = false, observer = {}, signal }: TrainingOptions,
  prepare: () => void = () => {},
): Promise<TrainedRun> {
  let run: RunFolder | undefined;
  try {
    prepare();
    run = resume ? RunFolder.open(folder, config.task) : await RunFolder.create(folder, config.task, config);
    const metrics = await train(task, {
      config,
      run,
      resume,
      acceptChanges,
      observer: { ...silent, ...observer },
      ...(signal ? { signal } : {}),
    });
    return { run: run.path, checkpoint: task.measures ? run.best : run.last, last: run.last, metrics };
  } finally {
    run?.close();
    await task.close();
  }
}

const silent: TrainObserver = { onStep() {}, onEvaluating() {}, onEvaluated() {}, onWarning() {} };
