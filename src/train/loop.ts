/** The training loop: epochs of updates, measured and saved. */
import type { Config } from '../config/schema.js';
import { InterruptedError } from '../errors.js';
import { Program } from '../tensorflow/program.js';
import type { RunIdentity } from './changes.js';
import { Checkpoints } from './checkpoints.js';
import { engineOptions } from './engineOptions.js';
import { writeHistory } from './history.js';
import { Meter } from './meter.js';
import { Pace } from './pace.js';
import { ReadAhead } from './readAhead.js';
import { resume } from './resume.js';
import type { RunFolder } from './runFolder.js';
import { startOfRun } from './state.js';
import type { Told } from './step.js';
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
 * @throws InterruptedError when `signal` was given; everything is saved
 */
export async function runEpochs<Batch>(task: Task<Batch>, options: TrainOptions): Promise<Metrics> {
  const run = new TrainingRun(task, options);
  try {
    return await run.toEnd();
  } finally {
    await run.dispose();
  }
}

class TrainingRun<Batch> {
  readonly #task: Task<Batch>;
  readonly #options: TrainOptions;
  readonly #program: Program;
  readonly #pace: Pace;
  readonly #meter = new Meter();
  readonly #updater: Updater<Batch>;
  readonly #reports: StepReports;
  readonly #checkpoints: Checkpoints;
  readonly #identity: RunIdentity;
  #progress = startOfRun;
  /** When the run would have begun if it had never been interrupted. */
  #begun = performance.now();
  #metrics: Metrics = {};

  constructor(task: Task<Batch>, options: TrainOptions) {
    const { run, observer, config, workers } = options;
    const { train: settings, engine } = config;
    this.#task = task;
    this.#options = options;
    this.#program = new Program(engineOptions(engine), workers?.server);
    this.#pace = new Pace(settings, task, workers?.count);
    const weights = new Weights(task.model, settings.optimizer, settings.ema);
    this.#identity = identityOf(task, options);
    const onWarning = (message: string) => observer.onWarning(message);
    const held = { run, task, weights, program: this.#program, workers };
    this.#checkpoints = new Checkpoints({ ...held, settings, identity: this.#identity, onWarning });
    const { onNonFinite } = settings;
    const watchdog = new Watchdog({ run, observer, onNonFinite, checkpoints: this.#checkpoints });
    this.#updater = new Updater(task, weights, this.#program, config, watchdog, workers);
    this.#reports = new StepReports(run, observer, this.#meter, this.#pace, settings.logEvery);
  }

  async toEnd(): Promise<Metrics> {
    if (this.#options.resume && (await this.#checkpoints.saved()) !== undefined) await this.#resume();
    else await this.#begin();
    while (!this.#pace.isOver(this.#progress)) {
      await this.#epoch();
      await this.#save();
      await this.#measure();
    }
    return this.#metrics;
  }

  dispose(): Promise<void> {
    return this.#program.dispose();
  }

  /** Runs the rest of the present epoch, or of the run where that ends before. */
  async #epoch(): Promise<void> {
    const { epoch, batch } = this.#progress;
    const batches = new ReadAhead(this.#task.batches(epoch, batch), this.#meter);
    this.#meter.pause();
    try {
      while (this.#progress.epoch === epoch && !this.#pace.isOver(this.#progress)) {
        const { stop } = await this.#update(batches);
        if (stop) await this.#interrupt();
        if (this.#progress.epoch === epoch && this.#checkpoints.isDue(this.#progress)) await this.#save();
      }
    } finally {
      await batches.close();
    }
    if (this.#pace.isOver(this.#progress)) this.#reports.finish();
  }

  /** @returns what is to be done now, by all workers alike */
  async #update(batches: ReadAhead<Batch>): Promise<Told> {
    const { workers } = this.#options;
    const learningRate = this.#pace.learningRate(this.#progress);
    const count = this.#pace.batchesOfUpdate(this.#progress.epoch);
    const update = await this.#updater.update(batches, this.#progress, { learningRate, count, told: this.#now() });
    this.#meter.step(this.#task.batchSize * count * (workers?.count ?? 1));
    if (update.isMade) this.#reports.report(update, learningRate);
    // Several do what they have told each other with the update, so that all of them do the same.
    const told =
      workers === undefined ? this.#now() : (update.told ?? { stop: false, seconds: this.#progress.seconds });
    this.#progress = this.#pace.afterUpdate({ ...update.progress, seconds: told.seconds }, update.isLast);
    return told;
  }

  /** Measures where that is due, and writes the checkpoint of what has just been saved. */
  async #measure(): Promise<void> {
    const { observer, run } = this.#options;
    const { epoch, batch, updates } = this.#progress;
    const isDue = this.#task.measures && this.#pace.isMeasuringDue(this.#progress);
    if (isDue) {
      const weights = this.#checkpoints.measured();
      this.#metrics = await this.#task.evaluate(weights, (done, total) => observer.onEvaluating(done, total));
      run?.log('val', updates, { epoch, ...this.#metrics });
      const best = await this.#checkpoints.offer(this.#progress, this.#metrics);
      observer.onEvaluated(batch === 0 ? epoch : epoch + 1, this.#metrics, best);
    }
    await this.#checkpoints.saveLast(this.#progress, isDue ? this.#metrics : {});
    this.#meter.pause();
  }

  /** Saves what a resumed run needs. */
  async #save(): Promise<void> {
    if (this.#options.workers === undefined) this.#progress = { ...this.#progress, seconds: this.#now().seconds };
    await this.#checkpoints.save(this.#progress);
    this.#meter.pause();
  }

  async #interrupt(): Promise<never> {
    await this.#save();
    await this.#checkpoints.saveLast(this.#progress, {});
    this.#reports.finish();
    const { epoch, updates } = this.#progress;
    const { run } = this.#options;
    throw new InterruptedError(
      `stopped after step ${updates} (epoch ${epoch + 1}); ${run ? `add --resume --run ${run.path} to go on` : 'worker 0 saves the state'}`,
    );
  }

  /** Saves the first weights, so that there is something to go on from at any time. */
  async #begin(): Promise<void> {
    const { run, resume: resumes, observer, config } = this.#options;
    if (resumes) observer.onWarning('nothing had been saved of this run yet: it goes on with the first step');
    await this.#checkpoints.begin();
    run?.cutLogs(-1, false); // of a run that was killed before its first state
    if (run) writeHistory(run, this.#program, { from: 'beginning', step: 0, seed: config.train.seed, changes: [] });
    await this.#save();
  }

  /** Goes on where the saved state is; makes up for a measurement that the run was stopped in. */
  async #resume(): Promise<void> {
    const { run, observer, config, acceptChanges = false } = this.#options;
    const onWarning = (message: string) => observer.onWarning(message);
    const [checkpoints, identity] = [this.#checkpoints, this.#identity];
    const { progress, changes } = await resume({ run, checkpoints, config, identity, acceptChanges, onWarning });
    this.#progress = progress;
    this.#begun = performance.now() - 1000 * progress.seconds;
    const isMeasured = await checkpoints.isMeasured(progress);
    if (run) {
      const { updates: step } = progress;
      run.cutLogs(step, isMeasured);
      writeHistory(run, this.#program, { from: 'state', step, seed: config.train.seed, changes });
      this.#metrics = run.metrics.lastOf('val');
    }
    if (this.#pace.isMeasuringDue(progress) && !isMeasured) await this.#measure();
  }

  /** What this worker knows: whether it was asked to stop, and the time of all parts of the run. */
  #now(): Told {
    return { stop: this.#options.signal?.aborted ?? false, seconds: (performance.now() - this.#begun) / 1000 };
  }
}

/** What a state says of its run, so that one that goes on from it can tell what is different. */
function identityOf(
  task: Pick<Task<unknown>, 'identity' | 'batchSize'>,
  { config, workers }: TrainOptions,
): RunIdentity {
  const pictures = task.batchSize * config.train.accumulate * (workers?.count ?? 1);
  const words = { 'pictures of an update (batchSize × accumulate × workers)': String(pictures) };
  return { config, identity: { ...task.identity, ...words } };
}
