/** What is done about steps that are not finite. Nothing of such a step has touched a variable. */
import type { Config } from '../config/schema.js';
import { NonFiniteError } from '../errors.js';
import type { Checkpoints } from './checkpoints.js';
import type { RunFolder } from './runFolder.js';
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
  readonly learningRate: number;
  readonly lossScale: number | null;
  /** Names of its pictures. */
  readonly files: readonly string[];
}

/** Steps in a row, or returns to a state, after which a run that is not finite is given up. */
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
  #inARow = 0;

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
    if (facts.result.finite) this.#inARow = 0;
    else return this.#onNonFinite(facts);
    return undefined;
  }

  async #onNonFinite(facts: BatchFacts): Promise<Progress | undefined> {
    const { run, observer, onNonFinite, checkpoints } = this.#options;
    const where = describeBatch(facts);
    const files = `pictures: ${facts.files.join(', ')}`;
    run?.list('not_finite.txt', `${where}; ${files}`);
    this.#inARow++;
    const saved = await checkpoints.saved();
    if (onNonFinite === 'stop' || this.#inARow > patience[onNonFinite]) {
      const state = saved === undefined ? 'Nothing had been saved yet.' : `The last good state is in ${saved}.`;
      throw new NonFiniteError(
        `${where}\n  ${files}\n  ${state} Usual reasons: a learning rate too high for the batch size, no warm-up, broken boxes. train.onNonFinite = skip leaves such steps out.`,
      );
    }
    if (onNonFinite === 'skip' || saved === undefined) {
      observer.onWarning(`${where}; the step was left out (${files})`);
      return undefined;
    }
    const state = await checkpoints.restore();
    observer.onWarning(
      `${where}; went back to the weights of step ${state.updates} (epoch ${state.epoch + 1}) and went on with the next batch`,
    );
    return state;
  }
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
