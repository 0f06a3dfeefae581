/** What a run keeps on disk: the state to go on from, and the checkpoints to measure and to use. */
import { existsSync } from 'node:fs';
import type { Config } from '../config/schema.js';
import { readDescription, saveModel } from '../models/checkpoints/modelFile.js';
import type { Program } from '../tensorflow/program.js';
import type { RunFolder } from './runFolder.js';
import { type Progress, readState, writeState } from './state.js';
import type { Metrics, Task } from './task.js';
import type { Weights } from './weights.js';

export interface CheckpointsOptions {
  readonly run: RunFolder;
  readonly task: Pick<Task<unknown>, 'model' | 'describe' | 'bestMetric' | 'identity'>;
  readonly weights: Weights;
  /** Holds the newest values of the weights. */
  readonly program: Program;
  readonly settings: Config['train'];
}

export class Checkpoints {
  readonly #options: CheckpointsOptions;
  #best: number;

  constructor(options: CheckpointsOptions) {
    this.#options = options;
    const { run, task } = options;
    const measured = existsSync(run.best) ? readDescription(run.best).metrics[task.bestMetric] : null;
    this.#best = measured ?? Number.NEGATIVE_INFINITY;
  }

  /** Where the last good state is; undefined: nowhere yet. */
  get saved(): string | undefined {
    const { state } = this.#options.run;
    return existsSync(state) ? state : undefined;
  }

  /** Whether a state is to be saved after this update, in the middle of an epoch. */
  isDue({ updates }: Progress): boolean {
    const { checkpointEvery } = this.#options.settings;
    return checkpointEvery !== null && updates % checkpointEvery === 0;
  }

  /**
   * Saves what a resumed run needs.
   *
   * @throws NonFiniteError when a weight or statistic is not finite; nothing is saved of them
   */
  async save(progress: Progress): Promise<void> {
    const { run, weights, program } = this.#options;
    await weights.pull(program);
    await writeState(run.state, weights.all(), { progress, identity: this.#identity() });
  }

  /** Goes back to the saved state: puts it into the session. @throws CheckpointError when it is damaged or of another run */
  async restore(): Promise<Progress> {
    const { run, weights, program } = this.#options;
    const progress = readState(run.state, weights.all(), this.#identity());
    await weights.push(program);
    return progress;
  }

  /** What is measured and given away of the weights as they were last saved, by parameter name. */
  measured(): Map<string, Float32Array> {
    return this.#options.weights.measured();
  }

  /** Writes the checkpoint of the weights as they were last saved. @param metrics what was measured of them */
  async saveLast(progress: Progress, metrics: Metrics): Promise<void> {
    await this.#saveModel(this.#options.run.last, progress, metrics);
  }

  /** Keeps weights that measured best so far. @returns whether they did, and better than nothing at all */
  async offer(progress: Progress, metrics: Metrics): Promise<boolean> {
    const { run, task } = this.#options;
    const value = metrics[task.bestMetric] ?? Number.NEGATIVE_INFINITY;
    const isBest = value > this.#best;
    if (!isBest && existsSync(run.best)) return false;
    this.#best = Math.max(this.#best, value);
    await this.#saveModel(run.best, progress, metrics);
    return isBest && value !== 0;
  }

  /** Whether the weights of a saved state have been measured: then the last checkpoint is of them, and says so. */
  isMeasured({ epoch, updates }: Progress): boolean {
    const { last } = this.#options.run;
    if (!existsSync(last)) return false;
    const description = readDescription(last);
    return description.epoch === epoch && description.step === updates && Object.keys(description.metrics).length > 0;
  }

  async #saveModel(path: string, { epoch, updates }: Progress, metrics: Metrics): Promise<void> {
    const { task, weights } = this.#options;
    await saveModel(path, task.model, task.describe({ epoch, step: updates, metrics }), weights.measured());
  }

  /** What must not change between two parts of the run, as words. */
  #identity(): Record<string, string> {
    const { task, settings } = this.#options;
    return {
      ...task.identity,
      optimizer: settings.optimizer.name,
      accumulate: String(settings.accumulate),
      ema: settings.ema === null ? 'no' : 'yes',
    };
  }
}
