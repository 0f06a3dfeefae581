/** A whole training run: its parts are made, put together, and given back at the end. */
import type { Config } from '../config/schema.js';
import { Program } from '../tensorflow/program.js';
import { runIdentity } from './changes.js';
import { Checkpoints } from './checkpoints.js';
import { EarlyStopping } from './earlyStopping.js';
import { engineOptions } from './engineOptions.js';
import { TrainingLoop } from './loop.js';
import { Meter } from './meter.js';
import { Pace } from './pace.js';
import type { RunFolder } from './runFolder.js';
import { StallWatch } from './stallWatch.js';
import { startRun } from './start.js';
import { StepReports } from './stepReports.js';
import type { Metrics, Task, TrainObserver } from './task.js';
import { Updater } from './updater.js';
import { Watchdog } from './watchdog.js';
import { Weights } from './weights.js';
import type { Workers } from './workers.js';

export interface TrainOptions {
  readonly config: Config;
  /** null on all workers but the first: they write nothing. */
  readonly run: RunFolder | null;
  /** Goes on from the state in the run folder; from the first step where there is none yet. */
  readonly resume: boolean;
  /** Whether a resumed run may learn in another way than it began: rate, schedule, precision, val data. @default false */
  readonly acceptChanges?: boolean;
  readonly observer: TrainObserver;
  /** Ends the run after the step under way; its state is saved. */
  readonly signal?: AbortSignal;
  /** Those that train together, if there are several; the task has its part of each batch. */
  readonly workers?: Workers | undefined;
}

/**
 * Trains to the end, and returns what was measured last.
 *
 * @throws NonFiniteError when a value stops being finite and the policy is to stop, or its patience is at an end
 * @throws CheckpointError when the state to go on from is damaged, or of another run
 * @throws InterruptedError when `signal` was given; everything is saved
 */
export async function runEpochs<Batch>(task: Task<Batch>, options: TrainOptions): Promise<Metrics> {
  const { config, run, observer, workers, signal } = options;
  const { train: settings, engine } = config;
  const program = new Program(engineOptions(engine), workers?.server);
  const onWarning = (message: string) => observer.onWarning(message);
  const stall = new StallWatch(settings.stallMinutes, onWarning);
  try {
    const pace = new Pace(settings, task, workers?.count);
    const weights = new Weights(task.model, settings.optimizer, settings.ema);
    const identity = runIdentity(task, config, workers?.count);
    const checkpoints = new Checkpoints({ run, task, weights, program, workers, settings, identity, onWarning });
    const watchdog = new Watchdog({ run, observer, onNonFinite: settings.onNonFinite, checkpoints });
    const onPreparing: TrainObserver['onPreparing'] = (shape, of) => observer.onPreparing(shape, of);
    const updater = new Updater(task, weights, program, config, { watchdog, stall, workers, onPreparing });
    const meter = new Meter();
    const early = new EarlyStopping(settings.earlyStopping, task.bestMetric);
    const reports = new StepReports(run, observer, meter, pace, settings.logEvery);

    const { resume, acceptChanges = false } = options;
    const start = await startRun({ run, checkpoints, program, config, identity, resume, acceptChanges, onWarning });
    const made = { pace, meter, updater, reports, checkpoints, early, stall, board: settings.tensorboard };
    return await new TrainingLoop({ task, run, observer, workers, signal, ...made }).toEnd(start);
  } finally {
    stall.close();
    await program.dispose();
  }
}
