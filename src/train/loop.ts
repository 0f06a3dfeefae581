/** The training loop: epochs of updates, measured and saved. */
import type { Config } from '../config/schema.js';
import { InterruptedError } from '../errors.js';
import { Program } from '../tensorflow/program.js';
import { Checkpoints } from './checkpoints.js';
import { engineOptions } from './engineOptions.js';
import { LossScale } from './lossScale.js';
import { Meter } from './meter.js';
import { Pace } from './pace.js';
import { ReadAhead } from './readAhead.js';
import type { RunFolder } from './runFolder.js';
import { startOfRun } from './state.js';
import { type StepOptions, type StepResult, TrainStep } from './step.js';
import { StepReports } from './stepReports.js';
import type { Metrics, Task, TrainObserver } from './task.js';
import { type BatchFacts, describeBatch, picturesOf, Watchdog } from './watchdog.js';
import { Weights } from './weights.js';

export interface TrainOptions {
  readonly config: Pick<Config, 'train' | 'engine'>;
  readonly run: RunFolder;
  /** Goes on from the state in the run folder. */
  readonly resume: boolean;
  readonly observer: TrainObserver;
  /** Ends the run after the step under way; its state is saved. */
  readonly signal?: AbortSignal;
}

/**
 * Trains to the end, and returns what was measured last.
 *
 * @throws NonFiniteError when a value stops being finite and the policy is to stop, or its patience is at an end
 * @throws InterruptedError when `signal` was given; everything is saved
 */
export async function train<Batch>(task: Task<Batch>, options: TrainOptions): Promise<Metrics> {
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
  readonly #step: TrainStep<string, string>;
  readonly #pace: Pace;
  readonly #meter = new Meter();
  readonly #watchdog: Watchdog;
  readonly #reports: StepReports;
  readonly #checkpoints: Checkpoints;
  /** Where float16 is asked for. */
  #lossScale: LossScale | null;
  #progress = startOfRun;
  /** When `progress.seconds` was right. */
  #clock = performance.now();
  #metrics: Metrics = {};

  constructor(task: Task<Batch>, options: TrainOptions) {
    const { run, observer, config } = options;
    const { train: settings, engine } = config;
    const { clipNorm, accumulate, seed } = settings;
    const program = new Program(engineOptions(engine));
    const weights = new Weights(task.model, settings.optimizer, settings.ema);
    const { parameters, optimizer, ema } = weights;
    const loss: StepOptions<string, string>['loss'] = (batch, ctx) => task.loss(batch, ctx);
    this.#task = task;
    this.#options = options;
    this.#program = program;
    this.#step = new TrainStep(program, { parameters, loss, optimizer, clipNorm, accumulate, ema, seed });
    this.#pace = new Pace(settings, task);
    this.#watchdog = new Watchdog(run, settings.onNonFinite);
    this.#reports = new StepReports(run, observer, this.#meter, this.#pace, settings.logEvery);
    this.#checkpoints = new Checkpoints({ run, task, weights, program, settings });
    this.#lossScale = engine.mixedPrecision === 'float16' ? new LossScale() : null;
  }

  async toEnd(): Promise<Metrics> {
    if (this.#options.resume) await this.#resume();
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
        await this.#update(batches);
        if (this.#options.signal?.aborted) await this.#interrupt();
        if (this.#progress.epoch === epoch && this.#checkpoints.isDue(this.#progress)) await this.#save();
      }
    } finally {
      await batches.close();
    }
  }

  /** Makes one update: runs its batches, and reports. */
  async #update(batches: ReadAhead<Batch>): Promise<void> {
    const learningRate = this.#pace.learningRate(this.#progress);
    const count = this.#pace.batchesOfUpdate(this.#progress.epoch);
    const finite: StepResult<string>[] = [];
    let isUpdated = false;
    for (let i = 1; i <= count; i++) {
      const batch = await batches.next();
      if (batch === undefined) return this.#endEpochEarly();
      const result = await this.#runBatch(batch, batches, learningRate, i === count);
      if (result.finite) finite.push(result);
      isUpdated = i === count && result.finite;
    }
    this.#meter.step(this.#task.batchSize * count);
    const updates = this.#progress.updates + (isUpdated ? 1 : 0);
    if (isUpdated) this.#reports.report({ ...this.#progress, updates }, finite, learningRate, this.#lossScale);
    this.#progress = this.#pace.afterBatches({ ...this.#progress, updates, seconds: this.#seconds() });
  }

  /** Batches that had no readable picture are left out of an epoch, which then ends sooner than its length says. */
  #endEpochEarly(): void {
    this.#step.forget();
    this.#progress = { ...this.#progress, epoch: this.#progress.epoch + 1, batch: 0, seconds: this.#seconds() };
  }

  async #runBatch(batch: Batch, batches: ReadAhead<Batch>, learningRate: number, update: boolean) {
    const { epoch, batch: position, updates, draws } = this.#progress;
    const lossScale = this.#lossScale?.state.scale ?? null;
    const running = this.#step.run(this.#task.feed(batch), {
      learningRate,
      t: updates + 1,
      draw: draws,
      update,
      lossScale,
    });
    batches.begin(); // the step has copied this one
    const result = await running;
    this.#progress = { ...this.#progress, batch: position + 1, draws: draws + 1 };
    // With float16, what is not finite may only be too large: then it is tried again at a smaller scale, and is no fault.
    const overflowed = this.#lossScale?.adjust(result.finite) ?? false;
    const facts = { result, step: updates + 1, epoch, batch: position + 1, learningRate, lossScale };
    if (result.finite) this.#watchdog.onFinite();
    else if (!overflowed) await this.#reactToNonFinite({ ...facts, files: this.#task.files(batch) });
    return result;
  }

  async #reactToNonFinite(facts: BatchFacts): Promise<void> {
    const { observer } = this.#options;
    const reaction = this.#watchdog.onNonFinite(facts, this.#checkpoints.saved);
    if (reaction === 'skip')
      return observer.onWarning(`${describeBatch(facts)}; the step was left out (${picturesOf(facts)})`);
    const { epoch, updates } = await this.#checkpoints.restore();
    this.#step.forget(); // gradients of the weights that were left behind
    this.#progress = { ...this.#progress, updates };
    observer.onWarning(
      `${describeBatch(facts)}; went back to the weights of step ${updates} (epoch ${epoch + 1}) and went on with the next batch`,
    );
  }

  /** Measures where that is due, and writes the checkpoint of what has just been saved. */
  async #measure(): Promise<void> {
    const { observer, run } = this.#options;
    const { epoch, batch, updates } = this.#progress;
    const isDue = this.#task.measures && this.#pace.isMeasuringDue(this.#progress);
    if (isDue) {
      const weights = this.#checkpoints.measured();
      this.#metrics = await this.#task.evaluate(weights, (done, total) => observer.onEvaluating(done, total));
      run.log('val', updates, { epoch, ...this.#metrics });
      const best = await this.#checkpoints.offer(this.#progress, this.#metrics);
      observer.onEvaluated(batch === 0 ? epoch : epoch + 1, this.#metrics, best);
    }
    await this.#checkpoints.saveLast(this.#progress, isDue ? this.#metrics : {});
    this.#meter.pause();
  }

  /** Saves what a resumed run needs. */
  async #save(): Promise<void> {
    this.#progress = { ...this.#progress, seconds: this.#seconds(), lossScale: this.#lossScale?.state ?? null };
    await this.#checkpoints.save(this.#progress);
    this.#meter.pause();
  }

  async #interrupt(): Promise<never> {
    await this.#save();
    await this.#checkpoints.saveLast(this.#progress, {});
    const { epoch, updates } = this.#progress;
    throw new InterruptedError(
      `stopped after step ${updates} (epoch ${epoch + 1}); add --resume --run ${this.#options.run.path} to go on`,
    );
  }

  /** Goes on where the saved state is; makes up for a measurement that the run was stopped in. */
  async #resume(): Promise<void> {
    this.#progress = await this.#checkpoints.restore();
    if (this.#lossScale !== null) this.#lossScale = new LossScale(this.#progress.lossScale);
    if (this.#pace.isMeasuringDue(this.#progress) && !this.#checkpoints.isMeasured(this.#progress))
      await this.#measure();
  }

  /** Training time, in seconds, of all parts of the run. */
  #seconds(): number {
    const before = this.#clock;
    this.#clock = performance.now();
    return this.#progress.seconds + (this.#clock - before) / 1000;
  }
}
