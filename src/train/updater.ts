/** Updates of the weights, each from its batches. */
import type { Config } from '../config/schema.js';
import type { HostTensor } from '../tensorflow/hostTensor.js';
import type { Program } from '../tensorflow/program.js';
import { LossScale } from './lossScale.js';
import type { ReadAhead } from './readAhead.js';
import { fewOf, type StallWatch } from './stallWatch.js';
import type { Progress } from './state.js';
import { type StepOptions, type StepResult, type StepRun, type Told, TrainStep } from './step.js';
import type { Task, TrainObserver } from './task.js';
import type { Watchdog } from './watchdog.js';
import type { Weights } from './weights.js';
import type { Workers } from './workers.js';

export interface UpdatePlan {
  readonly learningRate: number;
  /** How many batches it takes. */
  readonly count: number;
  /** What this worker says to the others; of several. */
  readonly told?: Told;
}

export interface Update {
  /** After the update. */
  readonly progress: Progress;
  /** Whether the weights were changed: not where the last batch was not finite. */
  readonly isMade: boolean;
  /** Whether a batch was the first of its shape, so that a graph was traced and compiled for it. */
  readonly isPreparing: boolean;
  /** Whether the epoch had no more batches, which can be sooner than its length says. */
  readonly isLast: boolean;
  /** Of the finite batches; the last one's gradient is that of the update. */
  readonly results: readonly StepResult<string>[];
  /** What all workers have told; null where there is one, or no batch. */
  readonly told: Told | null;
}

/** Who hears of updates, watches them, and takes part. */
export interface UpdaterCompany {
  readonly watchdog: Watchdog;
  readonly stall: StallWatch;
  /** Those that make each update together, if there are several. */
  readonly workers: Workers | undefined;
  readonly onPreparing: TrainObserver['onPreparing'];
}

export class Updater<Batch> {
  readonly #task: Task<Batch>;
  readonly #step: TrainStep<string, string>;
  readonly #watchdog: Watchdog;
  readonly #stall: StallWatch;
  readonly #isScaled: boolean;
  readonly #workers: Workers | undefined;
  readonly #onPreparing: TrainObserver['onPreparing'];
  /** Of the batches so far. */
  readonly #shapes = new Set<string>();

  constructor(
    task: Task<Batch>,
    { parameters, optimizer, ema }: Weights,
    program: Program,
    { train, engine }: Pick<Config, 'train' | 'engine'>,
    { watchdog, stall, workers, onPreparing }: UpdaterCompany,
  ) {
    const { clipNorm, accumulate, seed, batchStatistics } = train;
    const sharing = { workers, syncStatistics: batchStatistics === 'sync' };
    const loss: StepOptions<string, string>['loss'] = (batch, ctx) => task.loss(batch, ctx);
    this.#task = task;
    this.#step = new TrainStep(program, { parameters, loss, optimizer, clipNorm, accumulate, ema, seed, ...sharing });
    this.#workers = workers;
    this.#onPreparing = onPreparing;
    this.#watchdog = watchdog;
    this.#stall = stall;
    this.#isScaled = engine.mixedPrecision === 'float16';
  }

  /** Runs the batches of one update, each while the following one is being made. */
  async update(batches: ReadAhead<Batch>, from: Progress, { learningRate, count, told }: UpdatePlan): Promise<Update> {
    const results: StepResult<string>[] = [];
    let progress = from;
    let heard: Told | null = null;
    let isMade = false;
    const shapesBefore = this.#shapes.size;
    const isPreparing = () => this.#shapes.size > shapesBefore;
    for (let i = 1; i <= count; i++) {
      const batch = await this.#stall.during(() => this.#inReading(), batches.next());
      if (batch === undefined) {
        this.#step.forget();
        return { progress, isMade: false, isPreparing: isPreparing(), isLast: true, results, told: heard };
      }
      const ran = await this.#run(batch, batches, progress, {
        learningRate,
        update: i === count,
        ...(told && { told }),
      });
      progress = ran.progress;
      heard = ran.result.told;
      if (ran.result.finite) results.push(ran.result);
      isMade = ran.result.finite;
    }
    if (isMade) progress = { ...progress, updates: progress.updates + 1 };
    return { progress, isMade, isPreparing: isPreparing(), isLast: false, results, told: heard };
  }

  async #run(
    batch: Batch,
    batches: ReadAhead<Batch>,
    before: Progress,
    plan: Pick<StepRun, 'learningRate' | 'update' | 'told'>,
  ): Promise<{ result: StepResult<string>; progress: Progress }> {
    const { epoch, updates, draws } = before;
    const scale = this.#isScaled ? new LossScale(before.lossScale) : null;
    const lossScale = scale?.state.scale ?? null;
    const { learningRate } = plan;
    const feed = this.#task.feed(batch);
    this.#meetShape(feed);
    const running = this.#step.run(feed, { ...plan, t: updates + 1, draw: draws, lossScale });
    batches.begin(); // the step has copied this one
    const result = await this.#stall.during(() => this.#inStep(updates + 1), this.#workers?.during(running) ?? running);
    // In float16, what is not finite may only have been too large: that halves the scale, and is no fault.
    const overflowed = scale?.adjust(result.finite) ?? false;
    const progress = { ...before, batch: before.batch + 1, draws: draws + 1, lossScale: scale?.state ?? null };
    if (overflowed) return { result, progress };
    const facts = { result, step: updates + 1, epoch, batch: progress.batch, draw: draws, learningRate, lossScale };
    const back = await this.#watchdog.onBatch({ ...facts, files: this.#task.files(batch) });
    if (back === undefined) return { result, progress };
    this.#step.forget(); // gradients of the weights that were left behind
    return { result, progress: { ...progress, updates: back.updates } };
  }

  /** Tells of a shape that no batch has had yet. */
  #meetShape(feed: Readonly<Record<string, HostTensor>>): void {
    const shape = Object.values(feed)
      .map(({ shape }) => shape.join('x'))
      .join(' ');
    if (this.#shapes.has(shape)) return;
    this.#shapes.add(shape);
    this.#onPreparing(this.#shapes.size, this.#task.shapes);
  }

  #inReading(): string {
    const names = this.#task.underWay();
    return names.length === 0 ? 'the next batch' : `pictures to be read: ${fewOf(names)}`;
  }

  #inStep(step: number): string {
    const others =
      this.#workers && this.#workers.count > 1 ? `, in which ${this.#workers.count} workers take part` : '';
    return `step ${step} to be computed${others} (the first of a shape is compiled too)`;
  }
}
