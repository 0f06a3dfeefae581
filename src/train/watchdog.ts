/** What is done about steps that are not finite, and about losses far above the others. Nothing of a step that is not finite has touched a variable. */
import type { Config } from '../config/schema.js';
import { NonFiniteError } from '../errors.js';
import type { Checkpoints } from './checkpoints.js';
import { incidentsFile as listName, type RunFolder } from './runFolder.js';
import type { Progress } from './state.js';
import type { StepResult } from './step.js';
import type { TrainObserver } from './task.js';

/** What is known of a batch that was run. */
export interface BatchFacts {
  readonly result: StepResult<string>;
  /** Number of the update that it belongs to, from 1. */
  readonly step: number;
  /** From 0. */
  readonly epoch: number;
  /** Place in the epoch, from 1. */
  readonly batch: number;
  /** Its number among all batches of the run, from 0: what random numbers of the step depend on. */
  readonly draw: number;
  readonly learningRate: number;
  readonly lossScale: number | null;
  /** Names of its pictures. */
  readonly files: readonly string[];
}

/** Steps left out in a row, or returns with no newer state in between, after which a run that is not finite is given up. */
const patience = { skip: 50, rollback: 5 } as const;

export interface WatchdogOptions {
  /** null on workers that write nothing. */
  readonly run: RunFolder | null;
  readonly observer: TrainObserver;
  readonly onNonFinite: Config['train']['onNonFinite'];
  readonly checkpoints: Checkpoints;
}

export class Watchdog {
  readonly #options: WatchdogOptions;
  readonly #losses = new Losses();
  #leftOut = 0;
  #returns = 0;
  /** Updates of the state that it went back to last. */
  #returnedTo = Number.NEGATIVE_INFINITY;
  #spikes = 0;

  constructor(options: WatchdogOptions) {
    this.#options = options;
  }

  /**
   * Looks at a batch that was run, and does what the policy says where it is not finite.
   *
   * @returns the state that it went back to; undefined: to none
   * @throws NonFiniteError when the policy is to stop, or patience is at an end
   */
  async onBatch(facts: BatchFacts): Promise<Progress | undefined> {
    if (!facts.result.finite) return this.#onNonFinite(facts);
    this.#leftOut = 0;
    if (this.#losses.isSpike(facts.result.loss)) this.#onSpike(facts);
    else this.#options.checkpoints.prove();
    this.#losses.add(facts.result.loss);
    return undefined;
  }

  #onSpike(facts: BatchFacts): void {
    const { run, observer } = this.#options;
    run?.list(listName, inJson('spike', facts));
    if (++this.#spikes > maxSpikesSaid) return;
    observer.onWarning(
      `step ${facts.step}: a loss of ${facts.result.loss.toPrecision(4)}, where ${this.#losses.median.toPrecision(4)} is usual. ` +
        `Its pictures are in ${listName}; "cmtdet replay" runs it again`,
    );
  }

  async #onNonFinite(facts: BatchFacts): Promise<Progress | undefined> {
    const { run, observer, onNonFinite, checkpoints } = this.#options;
    const where = describeBatch(facts);
    const files = `pictures: ${facts.files.join(', ')}`;
    run?.list(listName, inJson('not finite', facts));
    const goesBack = onNonFinite === 'rollback' && (await checkpoints.saved()) !== undefined;
    if (goesBack) checkpoints.distrust();
    const back = goesBack ? await checkpoints.restore() : undefined;
    if (this.#isPatienceAtEnd(back)) {
      checkpoints.distrust();
      const saved = await checkpoints.saved();
      const state = saved === undefined ? 'Nothing had been saved yet.' : `The last good state is in ${saved}.`;
      const inVain = goesBack ? ` Going back ${patience.rollback} times brought no newer one.` : '';
      throw new NonFiniteError(
        `${where}\n  ${files}\n  ${state}${inVain} Usual reasons: a learning rate too high for the batch size, no warm-up, broken boxes. train.onNonFinite = skip leaves such steps out.`,
      );
    }
    if (back === undefined) observer.onWarning(`${where}; the step was left out (${files})`);
    else
      observer.onWarning(
        `${where}; went back to the weights of step ${back.updates} (epoch ${back.epoch + 1}) and went on with the next batch`,
      );
    return back;
  }

  /** Counts a step that was not finite. @param back the state that it went back to */
  #isPatienceAtEnd(back: Progress | undefined): boolean {
    if (this.#options.onNonFinite === 'stop') return true;
    if (back === undefined) return ++this.#leftOut > patience.skip;
    this.#returns = back.updates > this.#returnedTo ? 1 : this.#returns + 1;
    this.#returnedTo = back.updates;
    return this.#returns > patience.rollback;
  }
}

/** The losses of the last batches. */
class Losses {
  readonly #last: number[] = [];

  add(loss: number): void {
    this.#last.push(loss);
    if (this.#last.length > window) this.#last.shift();
  }

  /** Whether a loss is far above what is usual, once that is known. */
  isSpike(loss: number): boolean {
    return this.#last.length >= leastKnown && loss > spikeFactor * this.median;
  }

  get median(): number {
    const sorted = [...this.#last].sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  }
}

/** Batches that tell what is usual, and how many of them are enough to tell. */
const window = 50;
const leastKnown = 20;
const spikeFactor = 10;
/** Spikes that a person is told about; all are listed. */
const maxSpikesSaid = 5;

/** A line of the list: JSON, with what is no number in words. */
function inJson(kind: 'not finite' | 'spike', { result, ...facts }: BatchFacts): string {
  const { loss, parts, gradientNorm } = result;
  const record = { kind, ...facts, epoch: facts.epoch + 1, loss, parts, gradientNorm };
  return JSON.stringify(record, (_, value) =>
    typeof value === 'number' && !Number.isFinite(value) ? String(value) : value,
  );
}

/** Where a batch that is not finite was, and what of it is not. */
function describeBatch({ result, step, epoch, batch, learningRate, lossScale }: BatchFacts): string {
  const parts = Object.entries(result.parts).map(([name, value]) => `${name} ${value}`);
  const what = Number.isFinite(result.loss)
    ? `the gradient's norm is ${result.gradientNorm}`
    : `the loss is ${result.loss} (${parts.join(', ')})`;
  const scale = lossScale === null ? '' : `, loss scale ${lossScale}`;
  return `step ${step} (epoch ${epoch + 1}, batch ${batch}), learning rate ${learningRate.toPrecision(3)}${scale}: ${what}`;
}
