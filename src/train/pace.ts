/** Where a run is going: its epochs and steps, the learning rate on the way, and its end. Nothing here changes anything. */
import type { Config } from '../config/schema.js';
import { learningRate, type RunLength, runLength, scaledRate, totalEpochs } from './schedule.js';
import type { Progress } from './state.js';

/** The length of epochs, in batches of so many pictures. */
interface Epochs {
  batchesPerEpoch(epoch: number): number;
  readonly batchSize: number;
}

export class Pace {
  /** In all, those at the last rate too. */
  readonly epochs: number;
  readonly #settings: Config['train'];
  readonly #data: Epochs;
  readonly #length: RunLength;
  readonly #baseRate: number;

  /** @param workers that share each update */
  constructor(settings: Config['train'], data: Epochs, workers = 1) {
    const { schedule, epochs, accumulate, optimizer } = settings;
    this.epochs = totalEpochs(schedule, epochs);
    this.#settings = settings;
    this.#data = data;
    this.#length = runLength(schedule, epochs, (epoch) => this.#updatesIn(epoch));
    this.#baseRate = scaledRate(optimizer.lr, optimizer.baseBatch, data.batchSize * accumulate * workers);
  }

  /** Updates of the whole run. */
  get steps(): number {
    return Math.min(this.#length.starts.at(-1)!, this.#settings.maxSteps ?? Number.POSITIVE_INFINITY);
  }

  /** Batches of one update: fewer than `accumulate` only where an epoch has no more. */
  batchesOfUpdate(epoch: number): number {
    return Math.min(this.#settings.accumulate, this.#data.batchesPerEpoch(epoch));
  }

  /** Of the update that comes next. */
  learningRate({ epoch, batch }: Progress): number {
    const step = this.#length.starts[epoch]! + Math.floor(batch / this.#settings.accumulate);
    return learningRate(this.#settings.schedule, this.#baseRate, this.#length, step);
  }

  /** The place after an update: the next epoch's beginning where this one has no whole update left. @param isLast of its epoch */
  afterUpdate(progress: Progress, isLast: boolean): Progress {
    const { epoch, batch } = progress;
    const isWhole = batch >= this.#updatesIn(epoch) * this.batchesOfUpdate(epoch);
    return isLast || isWhole ? { ...progress, epoch: epoch + 1, batch: 0 } : progress;
  }

  isOver({ epoch, updates, seconds }: Progress): boolean {
    const { maxSteps, maxMinutes } = this.#settings;
    return (
      epoch >= this.epochs ||
      (maxSteps !== null && updates >= maxSteps) ||
      (maxMinutes !== null && seconds >= maxMinutes * 60)
    );
  }

  /** Whether weights are to be measured here: at the end of the run, and of every `evaluateEvery`th epoch. */
  isMeasuringDue(progress: Progress): boolean {
    const { epoch, batch, updates } = progress;
    if (updates === 0) return false;
    return this.isOver(progress) || (batch === 0 && epoch % this.#settings.evaluateEvery === 0);
  }

  #updatesIn(epoch: number): number {
    return Math.max(1, Math.floor(this.#data.batchesPerEpoch(epoch) / this.#settings.accumulate));
  }
}
