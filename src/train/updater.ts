/** Updates of the weights, each from its batches. */
import type { Config } from '../config/schema.js';
import type { Program } from '../tensorflow/program.js';
import { LossScale } from './lossScale.js';
import type { ReadAhead } from './readAhead.js';
import type { Progress } from './state.js';
import { type StepOptions, type StepResult, TrainStep } from './step.js';
import type { Task } from './task.js';
import type { Watchdog } from './watchdog.js';
import type { Weights } from './weights.js';

export interface UpdatePlan {
  readonly learningRate: number;
  /** How many batches it takes. */
  readonly count: number;
}

export interface Update {
  /** After the update. */
  readonly progress: Progress;
  /** Whether the weights were changed: not where the last batch was not finite. */
  readonly isMade: boolean;
  /** Whether the epoch had no more batches, which can be sooner than its length says. */
  readonly isLast: boolean;
  /** Of the finite batches; the last one's gradient is that of the update. */
  readonly results: readonly StepResult<string>[];
}

export class Updater<Batch> {
  readonly #task: Task<Batch>;
  readonly #step: TrainStep<string, string>;
  readonly #watchdog: Watchdog;
  readonly #isScaled: boolean;

  constructor(
    task: Task<Batch>,
    { parameters, optimizer, ema }: Weights,
    program: Program,
    { train, engine }: Pick<Config, 'train' | 'engine'>,
    watchdog: Watchdog,
  ) {
    const { clipNorm, accumulate, seed } = train;
    const loss: StepOptions<string, string>['loss'] = (batch, ctx) => task.loss(batch, ctx);
    this.#task = task;
    this.#step = new TrainStep(program, { parameters, loss, optimizer, clipNorm, accumulate, ema, seed });
    this.#watchdog = watchdog;
    this.#isScaled = engine.mixedPrecision === 'float16';
  }

  /** Runs the batches of one update, each while the following one is being made. */
  async update(batches: ReadAhead<Batch>, from: Progress, { learningRate, count }: UpdatePlan): Promise<Update> {
    const results: StepResult<string>[] = [];
    let progress = from;
    let isMade = false;
    for (let i = 1; i <= count; i++) {
      const batch = await batches.next();
      if (batch === undefined) {
        this.#step.forget();
        return { progress, isMade: false, isLast: true, results };
      }
      const ran = await this.#run(batch, batches, progress, { learningRate, update: i === count });
      progress = ran.progress;
      if (ran.result.finite) results.push(ran.result);
      isMade = ran.result.finite;
    }
    if (isMade) progress = { ...progress, updates: progress.updates + 1 };
    return { progress, isMade, isLast: false, results };
  }

  async #run(
    batch: Batch,
    batches: ReadAhead<Batch>,
    before: Progress,
    { learningRate, update }: { readonly learningRate: number; readonly update: boolean },
  ): Promise<{ result: StepResult<string>; progress: Progress }> {
    const { epoch, updates, draws } = before;
    const scale = this.#isScaled ? new LossScale(before.lossScale) : null;
    const lossScale = scale?.state.scale ?? null;
    const how = { learningRate, t: updates + 1, draw: draws, update, lossScale };
    const running = this.#step.run(this.#task.feed(batch), how);
    batches.begin(); // the step has copied this one
    const result = await running;
    // In float16, what is not finite may only have been too large: that halves the scale, and is no fault.
    const overflowed = scale?.adjust(result.finite) ?? false;
    const progress = { ...before, batch: before.batch + 1, draws: draws + 1, lossScale: scale?.state ?? null };
    if (overflowed) return { result, progress };
    const facts = { result, step: updates + 1, epoch, batch: progress.batch, learningRate, lossScale };
    const back = await this.#watchdog.onBatch({ ...facts, files: this.#task.files(batch) });
    if (back === undefined) return { result, progress };
    this.#step.forget(); // gradients of the weights that were left behind
    return { result, progress: { ...progress, updates: back.updates } };
  }
}
