/** The training loop: epochs of updates, measured and saved. */
import type { Config } from '../config/schema.js';
import { InterruptedError } from '../errors.js';
import type { Checkpoints } from './checkpoints.js';
import type { EarlyStopping } from './earlyStopping.js';
import type { Meter } from './meter.js';
import type { Pace } from './pace.js';
import { ReadAhead } from './readAhead.js';
import type { RunFolder } from './runFolder.js';
import type { StallWatch } from './stallWatch.js';
import type { RunStart } from './start.js';
import { startOfRun } from './state.js';
import type { Told } from './step.js';
import type { StepReports } from './stepReports.js';
import type { Metrics, Task, TrainObserver } from './task.js';
import type { Updater } from './updater.js';
import type { Workers } from './workers.js';

export interface LoopParts<Batch> {
  readonly task: Task<Batch>;
  /** null on workers that write nothing. */
  readonly run: RunFolder | null;
  readonly observer: TrainObserver;
  readonly workers: Workers | undefined;
  /** Ends the loop after the step under way. */
  readonly signal: AbortSignal | undefined;
  readonly pace: Pace;
  readonly meter: Meter;
  readonly updater: Updater<Batch>;
  readonly reports: StepReports;
  readonly checkpoints: Checkpoints;
  readonly early: EarlyStopping;
  readonly board: Config['train']['tensorboard'];
  readonly stall: StallWatch;
}

export class TrainingLoop<Batch> {
  readonly #parts: LoopParts<Batch>;
  #progress = startOfRun;
  /** When the run would have begun if it had never been interrupted. */
  #begun = performance.now();
  #metrics: Metrics = {};

  constructor(parts: LoopParts<Batch>) {
    this.#parts = parts;
  }

  /** @returns what was measured last @throws InterruptedError when `signal` was given; everything is saved */
  async toEnd(start: RunStart): Promise<Metrics> {
    const { pace, early, observer } = this.#parts;
    await this.#startFrom(start);
    while (!pace.isOver(this.#progress) && early.reason === null) {
      await this.#epoch();
      await this.#save();
      await this.#measure();
    }
    if (early.reason !== null && !pace.isOver(this.#progress)) observer.onEarlyEnd?.(early.reason);
    return this.#metrics;
  }

  /** A new run is saved at once, so that there is always something to go on from; a measurement that it was stopped in is made up for. */
  async #startFrom({ isNew, progress, measured, isMeasured }: RunStart): Promise<void> {
    this.#progress = progress;
    this.#metrics = measured.at(-1) ?? {};
    for (const metrics of measured) this.#parts.early.add(metrics);
    this.#begun = performance.now() - 1000 * progress.seconds;
    if (isNew) return this.#save();
    const { pace, observer } = this.#parts;
    if (!isMeasured && pace.isMeasuringDue(progress)) await this.#measure();
    const why = pace.whyOver(progress);
    if (why !== undefined) observer.onWarning(`there is nothing left to do: ${why}`);
  }

  /** Runs the rest of the present epoch, or of the run where that ends before. */
  async #epoch(): Promise<void> {
    const { task, meter, pace, checkpoints, reports } = this.#parts;
    const { epoch, batch } = this.#progress;
    const batches = new ReadAhead(task.batches(epoch, batch), meter);
    meter.pause();
    try {
      while (this.#progress.epoch === epoch && !pace.isOver(this.#progress)) {
        const { stop } = await this.#update(batches);
        if (stop) await this.#interrupt();
        if (this.#progress.epoch === epoch && checkpoints.isDue(this.#progress)) await this.#save();
      }
    } finally {
      await batches.close();
    }
    if (pace.isOver(this.#progress)) reports.finish();
  }

  /** @returns what is to be done now, by all workers alike */
  async #update(batches: ReadAhead<Batch>): Promise<Told> {
    const { task, meter, pace, updater, reports, workers } = this.#parts;
    const learningRate = pace.learningRate(this.#progress);
    const count = pace.batchesOfUpdate(this.#progress.epoch);
    const update = await updater.update(batches, this.#progress, { learningRate, count, told: this.#now() });
    meter.step(task.batchSize * count * (workers?.count ?? 1), update.isPreparing);
    if (update.isMade) reports.report(update, learningRate);
    // Several do what they have told each other with the update, so that all of them do the same.
    const told =
      workers === undefined ? this.#now() : (update.told ?? { stop: false, seconds: this.#progress.seconds });
    this.#progress = pace.afterUpdate({ ...update.progress, seconds: told.seconds }, update.isLast);
    return told;
  }

  /** Measures where that is due, and writes the checkpoint of what has just been saved. */
  async #measure(): Promise<void> {
    const { task, run, observer, meter, pace, early, checkpoints, stall } = this.#parts;
    const { epoch, batch, updates } = this.#progress;
    const begun = batch === 0 ? epoch : epoch + 1;
    const isDue = task.measures && pace.isMeasuringDue(this.#progress);
    if (isDue) {
      const measuring = task.evaluate(checkpoints.measured(), (done, total) => {
        stall.progress();
        observer.onEvaluating(done, total);
      });
      this.#metrics = await stall.during(() => 'the measurement on the val set', measuring);
      early.add(this.#metrics);
      run?.log('val', updates, { epoch: begun, ...this.#metrics });
      const best = await checkpoints.offer(this.#progress, this.#metrics);
      if (run !== null) await this.#picture(run);
      observer.onEvaluated(begun, this.#metrics, best);
    }
    const saving = checkpoints.saveLast(this.#progress, isDue ? this.#metrics : {});
    await stall.during(() => 'the checkpoint to be written', saving);
    meter.pause();
  }

  /** What the event file has besides numbers. */
  async #picture(run: RunFolder): Promise<void> {
    const { task, checkpoints, board } = this.#parts;
    const { updates } = this.#progress;
    if (board.histograms) run.histograms(updates, checkpoints.measured());
    if (board.curves) run.curves(updates, task.curves());
    if (board.pictures > 0) run.examples(updates, await task.examples(board.pictures));
  }

  /** Saves what a resumed run needs. */
  async #save(): Promise<void> {
    const { checkpoints, meter, stall, workers } = this.#parts;
    if (workers === undefined) this.#progress = { ...this.#progress, seconds: this.#now().seconds };
    await stall.during(() => 'the state to be written', checkpoints.save(this.#progress));
    meter.pause();
  }

  async #interrupt(): Promise<never> {
    const { checkpoints, reports, run } = this.#parts;
    await this.#save();
    await checkpoints.saveLast(this.#progress, {});
    reports.finish();
    const { epoch, updates } = this.#progress;
    throw new InterruptedError(
      `stopped after step ${updates} (epoch ${epoch + 1}); ${run ? `add --resume --run ${run.path} to go on` : 'worker 0 saves the state'}`,
    );
  }

  /** What this worker knows: whether it was asked to stop, and the time of all parts of the run. */
  #now(): Told {
    return { stop: this.#parts.signal?.aborted ?? false, seconds: (performance.now() - this.#begun) / 1000 };
  }
}
