/** What is done about steps that are not finite. Nothing of such a step has touched a variable. */
import type { Config } from '../config/schema.js';
import { NonFiniteError } from '../errors.js';
import type { RunFolder } from './runFolder.js';
import type { StepResult } from './step.js';

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

export class Watchdog {
  readonly #run: RunFolder;
  readonly #policy: Config['train']['onNonFinite'];
  #inARow = 0;

  constructor(run: RunFolder, policy: Config['train']['onNonFinite']) {
    this.#run = run;
    this.#policy = policy;
  }

  /** Hears of a batch whose loss and gradient are finite. */
  onFinite(): void {
    this.#inARow = 0;
  }

  /**
   * Hears of a batch whose loss or gradient is not.
   *
   * @param saved where the last good state is; undefined: there is none
   * @returns what to do: leave the step out, or go back to that state
   * @throws NonFiniteError when the policy is to stop, or patience is at an end
   */
  onNonFinite(facts: BatchFacts, saved: string | undefined): 'skip' | 'rollback' {
    const where = describeBatch(facts);
    const files = picturesOf(facts);
    this.#run.list('not_finite.txt', `${where}; ${files}`);
    this.#inARow++;
    if (this.#policy === 'stop' || this.#inARow > patience[this.#policy]) {
      const state = saved === undefined ? 'Nothing had been saved yet.' : `The last good state is in ${saved}.`;
      throw new NonFiniteError(
        `${where}\n  ${files}\n  ${state} Usual reasons: a learning rate too high for the batch size, no warm-up, broken boxes. train.onNonFinite = skip leaves such steps out.`,
      );
    }
    return this.#policy === 'rollback' && saved !== undefined ? 'rollback' : 'skip';
  }
}

/** Where a batch that is not finite was, and what of it is not. */
export function describeBatch({ result, step, epoch, batch, learningRate, lossScale }: BatchFacts): string {
  const parts = Object.entries(result.parts).map(([name, value]) => `${name} ${value}`);
  const what = Number.isFinite(result.loss)
    ? `the gradient's norm is ${result.gradientNorm}`
    : `the loss is ${result.loss} (${parts.join(', ')})`;
  const scale = lossScale === null ? '' : `, loss scale ${lossScale}`;
  return `step ${step} (epoch ${epoch + 1}, batch ${batch}), learning rate ${learningRate.toPrecision(3)}${scale}: ${what}`;
}

export const picturesOf = ({ files }: BatchFacts): string => `pictures: ${files.join(', ')}`;
