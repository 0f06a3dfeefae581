/** The training loop: epochs of steps, measured and saved. */
import { existsSync } from 'node:fs';
import type { Config } from '../config/schema.js';
import { InterruptedError, NonFiniteError } from '../errors.js';
import { readDescription, saveModel } from '../models/modelFile.js';
import { Program } from '../tensorflow/program.js';
import { engineOptions } from './engineOptions.js';
import { LossScale } from './lossScale.js';
import { Meter } from './meter.js';
import type { RunFolder } from './runFolder.js';
import { learningRate, type RunLength, runLength, scaledRate, totalEpochs } from './schedule.js';
import { type Progress, readState, writeState } from './state.js';
import { type StepResult, TrainStep } from './step.js';
import type { Metrics, Task, TrainObserver } from './task.js';
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

/** Steps in a row, or returns to the last checkpoint, after which a run that is not finite is given up. */
const patience = { skip: 50, rollback: 5 } as const;

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
  readonly #weights: Weights;
  readonly #step: TrainStep<string, string>;
  readonly #meter = new Meter();
  readonly #length: RunLength;
  readonly #epochs: number;
  readonly #rate: number;
  /** Where float16 is asked for. */
  #lossScale: LossScale | null;
  #progress: Progress = { epoch: 0, batch: 0, updates: 0, draws: 0, seconds: 0, lossScale: null };
  #started = performance.now();
  #metrics: Metrics = {};
  /** Updates that the weights of `#metrics` had seen. */
  #measuredAt = -1;
  #best: number;
  #notFinite = 0;

  constructor(task: Task<Batch>, options: TrainOptions) {
    const { train: settings, engine } = options.config;
    this.#task = task;
    this.#options = options;
    this.#program = new Program(engineOptions(engine));
    this.#weights = new Weights(task.model, settings.optimizer, settings.ema);
    this.#step = new TrainStep(this.#program, {
      parameters: [...this.#weights.parameters],
      loss: (batch, ctx) => task.loss(batch, ctx),
      optimizer: this.#weights.optimizer,
      clipNorm: settings.clipNorm,
      accumulate: settings.accumulate,
      ema: this.#weights.ema,
      seed: settings.seed,
    });
    this.#length = runLength(settings.schedule, settings.epochs, (epoch) =>
      Math.max(1, Math.floor(task.batchesPerEpoch(epoch) / settings.accumulate)),
    );
    this.#epochs = totalEpochs(settings.schedule, settings.epochs);
    this.#rate = scaledRate(settings.optimizer.lr, settings.optimizer.baseBatch, task.batchSize * settings.accumulate);
    this.#lossScale = engine.mixedPrecision === 'float16' ? new LossScale() : null;
    this.#best = bestSoFar(options.run, task.bestMetric);
  }

  async toEnd(): Promise<Metrics> {
    if (this.#options.resume) await this.#resume();
    while (this.#progress.epoch < this.#epochs && !this.#isOver()) {
      await this.#epoch();
      if (this.#progress.batch === 0) await this.#endEpoch();
    }
    if (this.#progress.batch > 0) await this.#endEarly();
    return this.#metrics;
  }

  dispose(): Promise<void> {
    return this.#program.dispose();
  }

  /** Runs the rest of the epoch; leaves `progress.batch` at 0 if it came to the epoch's end. */
  async #epoch(): Promise<void> {
    const { epoch } = this.#progress;
    const { accumulate, checkpointEvery } = this.#options.config.train;
    const batches =
      Math.floor(this.#task.batchesPerEpoch(epoch) / accumulate) * accumulate || this.#task.batchesPerEpoch(epoch);
    const iterator = this.#task.batches(epoch, this.#progress.batch)[Symbol.asyncIterator]();
    this.#meter.pause();
    try {
      let next = iterator.next();
      while (this.#progress.batch < batches) {
        const { value: batch, done } = await this.#meter.waitFor(next);
        if (done) break;
        const result = this.#runBatch(batch); // has copied the batch when it returns
        next = iterator.next();
        next.catch(() => {}); // heard when it is awaited
        await this.#endBatch(batch, await result);
        if (this.#options.signal?.aborted) await this.#interrupt();
        const atUpdate = this.#progress.batch % accumulate === 0;
        if (atUpdate && this.#isOver()) break;
        if (atUpdate && checkpointEvery !== null && this.#progress.updates % checkpointEvery === 0) await this.#save();
      }
    } finally {
      await iterator.return?.();
    }
    if (this.#progress.batch >= batches || !this.#isOver())
      this.#progress = { ...this.#progress, epoch: epoch + 1, batch: 0 };
  }

  #runBatch(batch: Batch): Promise<StepResult<string>> {
    const { updates, draws, batch: position } = this.#progress;
    const update = (position + 1) % this.#options.config.train.accumulate === 0;
    const lossScale = this.#lossScale?.state.scale ?? null;
    return this.#step.run(this.#task.feed(batch), this.#currentRate(), updates + 1, draws, update, lossScale);
  }

  async #endBatch(batch: Batch, result: StepResult<string>): Promise<void> {
    const { accumulate } = this.#options.config.train;
    const { batch: position, draws, updates } = this.#progress;
    const updated = (position + 1) % accumulate === 0 && result.finite;
    const learningRate = this.#currentRate();
    this.#progress = { ...this.#progress, batch: position + 1, draws: draws + 1, updates: updates + (updated ? 1 : 0) };
    this.#meter.step(this.#task.batchSize);
    const overflowed = this.#lossScale?.adjust(result.finite) ?? false;
    if (overflowed) return; // left out as float16 asks for it now and then: nothing for the watchdog, at a smaller scale
    if (!result.finite) return this.#reactToNonFinite(batch, result, learningRate);
    this.#notFinite = 0;
    this.#report(result, learningRate);
  }

  #report({ loss, parts, gradientNorm }: StepResult<string>, learningRate: number): void {
    const { epoch, updates } = this.#progress;
    const steps = Math.min(
      this.#length.starts.at(-1)!,
      this.#options.config.train.maxSteps ?? Number.POSITIVE_INFINITY,
    );
    const { rate, waiting, secondsPerStep } = this.#meter;
    const { accumulate } = this.#options.config.train;
    const secondsLeft = secondsPerStep && Math.max(steps - updates, 0) * secondsPerStep * accumulate;
    this.#options.observer.onStep({
      epoch,
      epochs: this.#epochs,
      step: updates,
      steps,
      learningRate,
      loss,
      parts,
      gradientNorm,
      rate,
      waiting,
      secondsLeft,
    });
    if (updates % this.#options.config.train.logEvery !== 0) return;
    const record = { epoch, loss, ...parts, learningRate, gradientNorm, rate, waiting };
    this.#options.run.log('train', updates, { ...record, ...this.#lossScaleRecord() });
  }

  /** For the log: the scale, and how many batches were left out for it so far. */
  #lossScaleRecord() {
    if (this.#lossScale === null) return {};
    const { scale: lossScale, overflows } = this.#lossScale.state;
    return { lossScale, overflows };
  }

  /** The watchdog. Nothing of a step that was not finite has touched a variable. */
  async #reactToNonFinite(batch: Batch, result: StepResult<string>, learningRate: number): Promise<void> {
    const { onNonFinite } = this.#options.config.train;
    const { epoch, updates, batch: position } = this.#progress;
    const parts = Object.entries(result.parts).map(([name, value]) => `${name} ${value}`);
    const what = Number.isFinite(result.loss)
      ? `the gradient's norm is ${result.gradientNorm}`
      : `the loss is ${result.loss} (${parts.join(', ')})`;
    const scale = this.#lossScale === null ? '' : `, loss scale ${this.#lossScale.state.scale}`;
    const where = `step ${updates + 1} (epoch ${epoch + 1}, batch ${position}), learning rate ${learningRate.toPrecision(3)}${scale}: ${what}`;
    const files = `pictures: ${this.#task.files(batch).join(', ')}`;
    this.#options.run.list('not_finite.txt', `${where}; ${files}`);
    this.#notFinite++;
    if (onNonFinite === 'stop' || this.#notFinite > patience[onNonFinite]) {
      const saved = existsSync(this.#options.run.state)
        ? `The last good state is in ${this.#options.run.state}.`
        : 'Nothing had been saved yet.';
      throw new NonFiniteError(
        `${where}\n  ${files}\n  ${saved} Usual reasons: a learning rate too high for the batch size, no warm-up, broken boxes. train.onNonFinite = skip leaves such steps out.`,
      );
    }
    if (onNonFinite === 'rollback' && existsSync(this.#options.run.state)) {
      const { epoch: atEpoch, updates: atUpdate } = this.#restore();
      await this.#weights.push(this.#program);
      this.#progress = { ...this.#progress, updates: atUpdate };
      this.#options.observer.onWarning(
        `${where}; went back to the weights of step ${atUpdate} (epoch ${atEpoch + 1}) and went on with the next batch`,
      );
    } else this.#options.observer.onWarning(`${where}; the step was left out (${files})`);
  }

  async #endEpoch(): Promise<void> {
    const { epoch } = this.#progress;
    await this.#save();
    const due = epoch % this.#options.config.train.evaluateEvery === 0 || epoch === this.#epochs || this.#isOver();
    if (due) await this.#evaluate();
    await this.#saveLast();
    this.#meter.pause();
  }

  /** A run that ends inside an epoch, by a limit of steps or minutes. */
  async #endEarly(): Promise<void> {
    await this.#save();
    await this.#evaluate();
    await this.#saveLast();
  }

  async #evaluate(): Promise<void> {
    if (!this.#task.measures) return;
    const { epoch, updates } = this.#progress;
    const { observer, run } = this.#options;
    this.#measuredAt = updates;
    this.#metrics = await this.#task.evaluate(this.#weights.measured(), (done, total) =>
      observer.onEvaluating(done, total),
    );
    run.log('val', updates, { epoch, ...this.#metrics });
    const value = this.#metrics[this.#task.bestMetric] ?? Number.NEGATIVE_INFINITY;
    const isBest = value > this.#best || !existsSync(run.best);
    if (isBest) {
      this.#best = value;
      await saveModel(run.best, this.#task.model, this.#describe(), this.#weights.measured());
    }
    observer.onEvaluated(epoch, this.#metrics, isBest);
  }

  /** Saves what a resumed run needs. */
  async #save(): Promise<void> {
    await this.#weights.pull(this.#program);
    this.#progress = { ...this.#progress, seconds: this.#seconds(), lossScale: this.#lossScale?.state ?? null };
    this.#started = performance.now();
    await writeState(this.#options.run.state, this.#weights.all(), {
      progress: this.#progress,
      identity: this.#identity(),
    });
    this.#meter.pause();
  }

  #saveLast(): Promise<void> {
    return saveModel(this.#options.run.last, this.#task.model, this.#describe(), this.#weights.measured());
  }

  async #interrupt(): Promise<never> {
    const { accumulate } = this.#options.config.train;
    // Gradients that wait for an update are not kept: their batches are run again.
    const batch = this.#progress.batch - (this.#progress.batch % accumulate);
    this.#progress = { ...this.#progress, batch };
    await this.#save();
    await this.#saveLast();
    const { epoch, updates } = this.#progress;
    throw new InterruptedError(
      `stopped after step ${updates} (epoch ${epoch + 1}); add --resume --run ${this.#options.run.path} to go on`,
    );
  }

  async #resume(): Promise<void> {
    this.#progress = this.#restore();
    await this.#weights.push(this.#program);
    const { epoch, batch, lossScale } = this.#progress;
    if (this.#lossScale !== null) this.#lossScale = new LossScale(lossScale);
    const unmeasured =
      epoch > 0 &&
      batch === 0 &&
      (!existsSync(this.#options.run.last) || readDescription(this.#options.run.last).epoch < epoch);
    if (unmeasured) await this.#endEpoch();
  }

  /** Reads the state file into the variables on the host. */
  #restore(): Progress {
    return readState(this.#options.run.state, this.#weights.all(), this.#identity());
  }

  #identity(): Record<string, string> {
    const { optimizer, accumulate, ema } = this.#options.config.train;
    return {
      ...this.#task.identity,
      optimizer: optimizer.name,
      accumulate: String(accumulate),
      ema: ema === null ? 'no' : 'yes',
    };
  }

  #describe() {
    const { epoch, updates } = this.#progress;
    return this.#task.describe({ epoch, step: updates, metrics: updates === this.#measuredAt ? this.#metrics : {} });
  }

  #currentRate(): number {
    const { schedule, accumulate } = this.#options.config.train;
    const { epoch, batch } = this.#progress;
    const step = this.#length.starts[epoch]! + Math.floor(batch / accumulate);
    return learningRate(schedule, this.#rate, this.#length, step);
  }

  #seconds(): number {
    return this.#progress.seconds + (performance.now() - this.#started) / 1000;
  }

  #isOver(): boolean {
    const { maxSteps, maxMinutes } = this.#options.config.train;
    return (
      (maxSteps !== null && this.#progress.updates >= maxSteps) ||
      (maxMinutes !== null && this.#seconds() >= maxMinutes * 60)
    );
  }
}

/** The best value that the run has measured, from its best checkpoint. */
function bestSoFar(run: RunFolder, metric: string): number {
  return existsSync(run.best)
    ? (readDescription(run.best).metrics[metric] ?? Number.NEGATIVE_INFINITY)
    : Number.NEGATIVE_INFINITY;
}
