/** Where a run is going: its epochs and steps, the learning rate on the way, and its end. */
import type { Config } from '../config/schema.js';
import { learningRate, type RunLength, runLength, scaledRate, totalEpochs } from './schedule.js';
import type { Progress } from './state.js';

/** The length of epochs, in batches of so many pictures. */
interface Epochs {
  batchesPerEpoch(epoch: number): number;
  readonly batchSize: number;
}

export class Pace {
  /** In all, those at the last rate too; null where time alone ends the run. */
  readonly epochs: number | null;
  readonly #settings: Config['train'];
  readonly #data: Epochs;
  readonly #length: RunLength;
  readonly #baseRate: number;
  /** The first step of each epoch so far. */
  readonly #starts = [0];

  /** @param workers that share each update */
  constructor(settings: Config['train'], data: Epochs, workers = 1) {
    const { schedule, epochs, accumulate, optimizer } = settings;
    this.epochs = epochs === null ? null : totalEpochs(schedule, epochs);
    this.#settings = settings;
    this.#data = data;
    this.#length = runLength(schedule, epochs, (epoch) => this.#updatesIn(epoch));
    this.#baseRate = scaledRate(optimizer.lr, optimizer.baseBatch, data.batchSize * accumulate * workers);
  }

  /** Updates of the whole run, if time does not end it before; null where nothing else does. */
  get steps(): number | null {
    const { maxSteps } = this.#settings;
    if (this.epochs === null) return maxSteps;
    return Math.min(this.#length.starts.at(-1)!, maxSteps ?? Number.POSITIVE_INFINITY);
  }

  /** That are left until time ends the run; null where it never does. */
  secondsLeft({ seconds }: Pick<Progress, 'seconds'>): number | null {
    const { maxMinutes } = this.#settings;
    return maxMinutes === null ? null : Math.max(0, maxMinutes * 60 - seconds);
  }

  /** Batches of one update: fewer than `accumulate` only where an epoch has no more. */
  batchesOfUpdate(epoch: number): number {
    return Math.min(this.#settings.accumulate, this.#data.batchesPerEpoch(epoch));
  }

  /** Of the update that comes next. */
  learningRate({ epoch, batch, seconds }: Progress): number {
    const { schedule, accumulate, maxMinutes } = this.#settings;
    const step = this.#startOf(epoch) + Math.floor(batch / accumulate);
    const timeShare = maxMinutes === null ? 0 : seconds / (maxMinutes * 60);
    return learningRate(schedule, this.#baseRate, this.#length, step, timeShare);
  }

  /** The place after an update: the next epoch's beginning where this one has no whole update left. @param isLast of its epoch */
  afterUpdate(progress: Progress, isLast: boolean): Progress {
    const { epoch, batch } = progress;
    const isWhole = batch >= this.#updatesIn(epoch) * this.batchesOfUpdate(epoch);
    return isLast || isWhole ? { ...progress, epoch: epoch + 1, batch: 0 } : progress;
  }

  isOver(progress: Progress): boolean {
    return this.whyOver(progress) !== undefined;
  }

  /** What ends the run here, and what would make it longer, in a sentence; undefined where it goes on. */
  whyOver(progress: Progress): string | undefined {
    const { maxSteps, maxMinutes } = this.#settings;
    const { epoch, updates } = progress;
    if (this.epochs !== null && epoch >= this.epochs)
      return `all ${this.epochs} epochs are done; more are set by train.epochs`;
    if (maxSteps !== null && updates >= maxSteps) return `all ${maxSteps} steps of train.maxSteps are done`;
    if (this.secondsLeft(progress) === 0)
      return `the ${maxMinutes} minutes of train.maxMinutes, which count for all parts of the run together, are over`;
    return undefined;
  }

  /** Whether weights are to be measured here: at the end of the run, and of every `evaluateEvery`th epoch. */
  isMeasuringDue(progress: Progress): boolean {
    const { epoch, batch, updates } = progress;
    if (updates === 0) return false;
    return this.isOver(progress) || (batch === 0 && epoch % this.#settings.evaluateEvery === 0);
  }

  #startOf(epoch: number): number {
    for (let next = this.#starts.length; next <= epoch; next++)
      this.#starts.push(this.#starts[next - 1]! + this.#updatesIn(next - 1));
    return this.#starts[epoch]!;
  }

  #updatesIn(epoch: number): number {
    return Math.max(1, Math.floor(this.#data.batchesPerEpoch(epoch) / this.#settings.accumulate));
  }
}
