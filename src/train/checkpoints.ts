/** What a run keeps on disk: the state to go on from, and the checkpoints to measure and to use. */
import { existsSync } from 'node:fs';
import type { Config } from '../config/schema.js';
import { readDescription, saveModel } from '../models/checkpoints/modelFile.js';
import type { Program } from '../tensorflow/program.js';
import type { RunFolder } from './runFolder.js';
import { type Progress, readState, writeState } from './state.js';
import type { Metrics, Task } from './task.js';
import type { Weights } from './weights.js';
import type { Workers } from './workers.js';

export interface CheckpointsOptions {
  /** null on all workers but the first: they get from that one what is on disk. */
  readonly run: RunFolder | null;
  readonly task: Pick<Task<unknown>, 'model' | 'describe' | 'bestMetric' | 'identity' | 'batchSize'>;
  readonly weights: Weights;
  /** Holds the newest values of the weights. */
  readonly program: Program;
  readonly settings: Config['train'];
  /** Those that train together, if there are several: all of them call each method. */
  readonly workers?: Workers | undefined;
}

export class Checkpoints {
  readonly #options: CheckpointsOptions;
  #best: number;

  constructor(options: CheckpointsOptions) {
    this.#options = options;
    const { run, task } = options;
    const measured = run !== null && existsSync(run.best) ? readDescription(run.best).metrics[task.bestMetric] : null;
    this.#best = measured ?? Number.NEGATIVE_INFINITY;
  }

  /** Where the last good state is; undefined: nowhere yet. */
  async saved(): Promise<string | undefined> {
    const path = await this.#fromFirst(({ state }) => (existsSync(state) ? state : null));
    return path ?? undefined;
  }

  /** Begins with the weights as they are; of several workers, with those of the first. */
  async begin(): Promise<void> {
    const { weights, program, workers } = this.#options;
    if (workers !== undefined) await weights.copyFromFirst(program, workers);
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
    if (run !== null) await writeState(run.state, weights.all(), { progress, identity: this.#identity() });
  }

  /** Goes back to the saved state: puts it into the session. @throws CheckpointError when it is damaged or of another run */
  async restore(): Promise<Progress> {
    const { weights, program } = this.#options;
    const progress = await this.#fromFirst(({ state }) => readState(state, weights.all(), this.#identity()));
    await weights.push(program);
    await this.begin();
    return progress;
  }

  /** What is measured and given away of the weights as they were last saved, by parameter name. */
  measured(): Map<string, Float32Array> {
    return this.#options.weights.measured();
  }

  /** Writes the checkpoint of the weights as they were last saved. @param metrics what was measured of them */
  async saveLast(progress: Progress, metrics: Metrics): Promise<void> {
    const { run } = this.#options;
    if (run !== null) await this.#saveModel(run.last, progress, metrics);
  }

  /** Keeps weights that measured best so far. @returns whether they did, and better than nothing at all */
  async offer(progress: Progress, metrics: Metrics): Promise<boolean> {
    const { run, task } = this.#options;
    if (run === null) return false;
    const value = metrics[task.bestMetric] ?? Number.NEGATIVE_INFINITY;
    const isBest = value > this.#best;
    if (!isBest && existsSync(run.best)) return false;
    this.#best = Math.max(this.#best, value);
    await this.#saveModel(run.best, progress, metrics);
    return isBest && value !== 0;
  }

  /** Whether the weights of a saved state have been measured: then the last checkpoint is of them, and says so. */
  isMeasured({ epoch, updates }: Progress): Promise<boolean> {
    return this.#fromFirst(({ last }) => {
      if (!existsSync(last)) return false;
      const description = readDescription(last);
      return description.epoch === epoch && description.step === updates && Object.keys(description.metrics).length > 0;
    });
  }

  /** What `read` gives where the run folder is; all workers get it. */
  async #fromFirst<T>(read: (run: RunFolder) => T): Promise<T> {
    const { run, workers } = this.#options;
    const own = run === null ? undefined : read(run);
    return workers === undefined ? own! : workers.fromFirst(own!);
  }

  async #saveModel(path: string, { epoch, updates }: Progress, metrics: Metrics): Promise<void> {
    const { task, weights } = this.#options;
    await saveModel(path, task.model, task.describe({ epoch, step: updates, metrics }), weights.measured());
  }

  /** What must not change between two parts of the run, as words. */
  #identity(): Record<string, string> {
    const { task, settings, workers } = this.#options;
    const update = task.batchSize * settings.accumulate * (workers?.count ?? 1);
    return {
      ...task.identity,
      'pictures of an update (batchSize × accumulate × workers)': String(update),
      optimizer: settings.optimizer.name,
      accumulate: String(settings.accumulate),
      ema: settings.ema === null ? 'no' : 'yes',
    };
  }
}
