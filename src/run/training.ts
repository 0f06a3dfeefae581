/** What `train` and `pretrain` have in common: the settings of the machine, the workers, the run folder, and what comes out. */
import type { Config } from '../config/schema.js';
import { UsageError } from '../errors.js';
import { chosenForTraining } from '../train/engineOptions.js';
import { learntNorms } from '../train/preciseStatistics.js';
import { runEpochs } from '../train/runEpochs.js';
import { RunFolder } from '../train/runFolder.js';
import { secondsSoFar } from '../train/state.js';
import type { DataEvents, Metrics, Task, TrainObserver } from '../train/task.js';
import type { Workers } from '../train/workers.js';
import { afterTraining } from './afterTraining.js';
import { findCard } from './card.js';
import { DataNotes } from './dataNotes.js';
import { joinWorkers } from './joinWorkers.js';
import { dataEvents, type Observer } from './observer.js';
import { estimateFor } from './preciseBn.js';

export interface TrainingOptions {
  /** Folder for checkpoints and logs. @default a new folder below `runs/`; with `resume`, the newest one of `configFile` */
  readonly run?: string | undefined;
  /** The file that the config is from: the folder below `runs/` has its name. @default the config's task */
  readonly configFile?: string | undefined;
  /** Goes on with what is in `run`. @default false */
  readonly resume?: boolean | undefined;
  /** Whether a run that goes on may learn in another way than it began: rate, schedule, precision, val data. @default false */
  readonly acceptChanges?: boolean | undefined;
  /**
   * Time that this call has, in minutes, in place of `train.maxMinutes`: the learning rate has come down when it is over. With the
   * schedules `cosine` and `constant` it is used up whatever `train.epochs` says.
   */
  readonly minutes?: number | undefined;
  readonly observer?: TrainingObserver | undefined;
  /** Ends the run after the step under way; everything is saved. */
  readonly signal?: AbortSignal | undefined;
}

/** Hears how a training run goes. All parts may be left out. */
export interface TrainingObserver extends Observer, Partial<Omit<TrainObserver, 'onWarning'>> {
  /** All is read, and the first step comes next. */
  readonly onBegin?: (() => void) | undefined;
}

/** What a run ended with. */
export interface TrainedRun {
  /** Its folder. Of several workers (`TF_CONFIG`) the first one alone writes: paths are empty on the others. */
  readonly run: string;
  /** The checkpoint that measured best on the val set; of a run without one, the last checkpoint. */
  readonly checkpoint: string;
  /** The checkpoint of the last weights. */
  readonly last: string;
  /** The last measurement on the val set; empty where there is none. */
  readonly metrics: Metrics;
  /**
   * With `train.preciseBn`: the checkpoint with the statistics that were estimated anew, and what was measured of it; undefined where
   * that did not come to its end, which was told then.
   */
  readonly precise?: { readonly checkpoint: string; readonly metrics: Metrics };
  /** The page that shows the run; undefined where `train.report` is off, or it could not be written, which was told then. */
  readonly report?: string;
}

/** What a task is opened with. */
export interface Circumstances<C extends Config> {
  /** With the engine's settings decided for this machine. */
  readonly config: C;
  readonly events: DataEvents;
  /** With whom it trains, if there are several. */
  readonly workers: Workers | undefined;
}

export interface OpenedTask<Batch> {
  readonly task: Task<Batch> & { close(): Promise<void> };
  /** Finishes the model, before anything is written. @returns facts about it and the data, a line each */
  readonly prepare: () => readonly string[];
}

/** Opens a task and trains it to its end. */
export async function runTraining<C extends Config, Batch>(
  configured: C,
  options: TrainingOptions,
  open: (circumstances: Circumstances<C>) => Promise<OpenedTask<Batch>>,
): Promise<TrainedRun> {
  const { run: folder, configFile = configured.task, resume = false, acceptChanges, observer = {}, signal } = options;
  const { minutes } = options;
  const onFact = observer.onFact ?? (() => {});
  let config = withMinutes(await configFor(configured, onFact), minutes);
  const notes = new DataNotes(dataEvents(observer));
  const workers = await joinWorkers(config, onFact);
  const writes = workers === undefined || workers.index === 0;
  if (writes) RunFolder.check(folder, configFile, resume);
  if (workers !== undefined && resume && minutes !== undefined)
    throw new UsageError(
      'several workers go on for the time in train.maxMinutes: set that instead of --minutes (minutes)',
    );
  const { task, prepare } = await open({ config, events: notes, workers });
  let run: RunFolder | null = null;
  try {
    const facts = prepare();
    if (config.train.preciseBn !== null && workers === undefined) checkPreciseBn(task);
    if (writes) {
      run = resume ? RunFolder.open(folder, configFile) : await RunFolder.create(folder, configFile, config);
      if (resume) config = withMinutes(config, minutes, secondsSoFar(run.state) || secondsSoFar(run.previousState));
      notes.listIn(run);
      for (const fact of [`run folder ${run.path}`, ...run.notes, ...facts]) onFact(fact);
    }
    await workers?.meet(); // those that have more to read are waited for
    observer.onBegin?.();
    const listening = run === null ? silent : { ...silent, ...observer };
    const changing = { resume, ...(acceptChanges !== undefined && { acceptChanges }) };
    const circumstances = { config, run, workers, observer: listening, ...changing, ...(signal && { signal }) };
    const metrics = await runEpochs(task, circumstances);
    await workers?.dispose();
    if (run === null) return { run: '', checkpoint: '', last: '', metrics };
    const trained = { run: run.path, checkpoint: task.measures ? run.best : run.last, last: run.last, metrics };
    const batches = config.train.preciseBn;
    if (batches === null) return trained;
    if (workers !== undefined) {
      listening.onWarning('train.preciseBn is not for several workers: cmtdet precise-bn does it afterwards');
      return trained;
    }
    const files = { checkpoint: run.last, out: run.precise };
    const without = 'no statistics were estimated anew ("cmtdet precise-bn" does it later)';
    const precise = await afterTraining(without, listening.onWarning, () =>
      estimateFor(task, config, { ...files, batches, observer, signal }),
    );
    return precise === undefined ? trained : { ...trained, precise: { checkpoint: files.out, metrics: precise.after } };
  } finally {
    run?.close();
    await task.close();
  }
}

/** @throws UsageError before the first step, not after the last one */
function checkPreciseBn({ model }: Pick<Task<unknown>, 'model'>): void {
  try {
    learntNorms(model);
  } catch (error) {
    throw error instanceof UsageError ? new UsageError(`train.preciseBn: ${error.message}; set it to null`) : error;
  }
}

/** A config with the engine's settings decided for this machine; they are told where there is a GPU. */
async function configFor<C extends Config>(configured: C, onFact: (fact: string) => void): Promise<C> {
  const card = await findCard();
  const config = chosenForTraining(configured, card);
  const { mixedPrecision, xla } = config.engine;
  if (card !== null) onFact(`GPU: mixedPrecision ${mixedPrecision}, xla ${xla ? 'on' : 'off'}`);
  return config;
}

/** A config that ends after so many minutes more. @param seconds that the run has had */
function withMinutes<C extends Config>(config: C, minutes: number | undefined, seconds = 0): C {
  if (minutes === undefined) return config;
  const { name } = config.train.schedule;
  const epochs = name === 'cosine' || name === 'constant' ? null : config.train.epochs;
  return { ...config, train: { ...config.train, epochs, maxMinutes: seconds / 60 + minutes } };
}

const silent: TrainObserver = {
  onPreparing() {},
  onStep() {},
  onEvaluating() {},
  onEvaluated() {},
  onWarning() {},
};
