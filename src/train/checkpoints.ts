/** What a run keeps on disk: the states to go on from, and the checkpoints to measure and to use. */
import { copyFileSync, existsSync, linkSync, renameSync, rmSync } from 'node:fs';
import type { Config } from '../config/schema.js';
import { CheckpointError } from '../errors.js';
import { readDescription, readModel, saveModel } from '../models/checkpoints/modelFile.js';
import type { Program } from '../tensorflow/program.js';
import type { RunIdentity } from './changes.js';
import type { RunFolder } from './runFolder.js';
import { type Progress, putState, type RunState, readState, writeState } from './state.js';
import type { Metrics, Task } from './task.js';
import type { Weights } from './weights.js';
import type { Workers } from './workers.js';

export interface CheckpointsOptions {
  /** null on all workers but the first: they get from that one what is on disk. */
  readonly run: RunFolder | null;
  readonly task: Pick<Task<unknown>, 'model' | 'describe' | 'bestMetric'>;
  readonly weights: Weights;
  /** Holds the newest values of the weights. */
  readonly program: Program;
  readonly settings: Pick<Config['train'], 'checkpointEvery' | 'checkpointMinutes' | 'keep'>;
  readonly identity: RunIdentity;
  readonly onWarning: (message: string) => void;
  /** Those that train together, if there are several: all of them call each method. */
  readonly workers?: Workers | undefined;
}

export class Checkpoints {
  readonly #options: CheckpointsOptions;
  /** Whether the state on disk has been followed by a step that was as it should be; before, it may hold the seed of infinity. */
  #isProven = false;
  /** Whether the state on disk was written by this process, or read by it without a fault. */
  #isWhole = false;
  /** Seconds of training at the last state. */
  #savedAt = 0;

  constructor(options: CheckpointsOptions) {
    this.#options = options;
  }

  /** Where the last state is; undefined: nowhere yet. */
  async saved(): Promise<string | undefined> {
    const path = await this.#fromFirst(
      ({ state, previousState }) => [state, previousState].find((one) => existsSync(one)) ?? null,
    );
    return path ?? undefined;
  }

  /** Begins with the weights as they are; of several workers, with those of the first. */
  async begin(): Promise<void> {
    const { weights, program, workers } = this.#options;
    if (workers !== undefined) await weights.copyFromFirst(program, workers);
  }

  /** Whether a state is to be saved after this update, in the middle of an epoch. */
  isDue({ updates, seconds }: Progress): boolean {
    const { checkpointEvery, checkpointMinutes } = this.#options.settings;
    if (checkpointEvery !== null && updates % checkpointEvery === 0) return true;
    return checkpointMinutes !== null && seconds - this.#savedAt >= checkpointMinutes * 60;
  }

  /**
   * Saves what a resumed run needs, and keeps the state before it until this one is {@link prove proven}.
   *
   * @throws NonFiniteError when a weight or statistic is not finite; nothing is saved of them
   */
  async save(progress: Progress): Promise<void> {
    const { run, weights, program, identity } = this.#options;
    await weights.pull(program);
    if (run !== null) {
      if (this.#isProven && this.#isWhole && existsSync(run.state)) keepAs(run.state, run.previousState);
      await writeState(run.state, weights.all(), { progress, ...identity });
      this.#isWhole = true;
    }
    this.#isProven = false;
    this.#savedAt = progress.seconds;
  }

  /** Hears that a step from the saved weights on was as it should be. */
  prove(): void {
    this.#isProven = true;
  }

  /** Gives a state up that was never proven: the one before it, where there is one, takes its place. */
  distrust(): void {
    const { run } = this.#options;
    if (run === null || this.#isProven || !existsSync(run.previousState)) return;
    renameSync(run.previousState, run.state);
  }

  /**
   * Puts the newest state that is whole into the session.
   *
   * @param look sees it before that, where the run folder is, and may refuse it
   * @throws CheckpointError when none is whole, or it is of another network or optimizer
   */
  async restore(look: (state: RunState) => void = () => {}): Promise<Progress> {
    const { weights, program } = this.#options;
    const progress = await this.#fromFirst((run) => {
      const state = this.#read(run);
      look(state);
      putState(state, weights.all());
      return state.header.progress;
    });
    await weights.push(program);
    await this.begin();
    this.#savedAt = progress.seconds;
    return progress;
  }

  /** What is measured and given away of the weights as they were last saved, by parameter name. */
  measured(): Map<string, Float32Array> {
    return this.#options.weights.measured();
  }

  /** Writes the checkpoint of the weights as they were last saved. @param metrics what was measured of them */
  async saveLast(progress: Progress, metrics: Metrics): Promise<void> {
    const { run, settings } = this.#options;
    if (run === null) return;
    await this.#saveModel(run.last, progress, metrics);
    if (settings.keep === 0 || progress.batch > 0 || progress.epoch === 0) return;
    keepAs(run.last, run.kept(progress.epoch));
    for (const old of run.allKept.slice(0, -settings.keep)) rmSync(old);
  }

  /** Keeps weights that measured best so far. @returns whether they did, and better than nothing at all */
  async offer(progress: Progress, metrics: Metrics): Promise<boolean> {
    const { run, task } = this.#options;
    if (run === null) return false;
    const value = metrics[task.bestMetric] ?? Number.NEGATIVE_INFINITY;
    const isBest = value > this.#bestBefore(run, progress);
    if (!isBest && existsSync(run.best)) return false;
    await this.#saveModel(run.best, progress, metrics);
    return isBest && value !== 0;
  }

  /** Takes damaged checkpoints out of the way: no resumed run depends on them, and the next ones take their places. */
  putDamagedAside(): void {
    const { run, onWarning } = this.#options;
    if (run === null) return;
    for (const path of [run.last, run.best].filter((file) => existsSync(file))) {
      try {
        readModel(path);
      } catch (error) {
        if (!(error instanceof CheckpointError)) throw error;
        renameSync(path, `${path}.damaged`);
        onWarning(`${error.message}\nIt was renamed to ${path}.damaged; the run goes on without it.`);
      }
    }
  }

  /** Whether the weights of a saved state have been measured: then the last checkpoint is of them, and says so. */
  isMeasured({ epoch, updates }: Progress): Promise<boolean> {
    return this.#fromFirst(({ last }) => {
      const description = describe(last);
      if (description === undefined) return false;
      const isOfThem = description.epoch === epoch && description.step === updates;
      return isOfThem && Object.keys(description.metrics).length > 0;
    });
  }

  /** What was measured in this run, oldest first. */
  measurements(): Promise<Metrics[]> {
    return this.#fromFirst(({ metrics }) => metrics.measured('val'));
  }

  /** What `read` gives where the run folder is; all workers get it. */
  async #fromFirst<T>(read: (run: RunFolder) => T): Promise<T> {
    const { run, workers } = this.#options;
    const own = run === null ? undefined : read(run);
    return workers === undefined ? own! : workers.fromFirst(own!);
  }

  /** The newest state that is whole. @throws CheckpointError when none is */
  #read(run: RunFolder): RunState {
    try {
      const state = readState(run.state);
      this.#isWhole = true;
      return state;
    } catch (error) {
      if (!(error instanceof CheckpointError) || !existsSync(run.previousState)) throw error;
      const state = readState(run.previousState);
      const { updates } = state.header.progress;
      this.#options.onWarning(`${error.message}\nThe state before it is used, of step ${updates}.`);
      this.#isProven = false;
      this.#isWhole = false; // what is in its place on disk must not push the good one out
      return state;
    }
  }

  /** The best value that was measured before this place. */
  #bestBefore(run: RunFolder, { updates }: Progress): number {
    const { task } = this.#options;
    const values = run.metrics.lines('val').filter(({ step }) => step < updates);
    return Math.max(...values.map((line) => Number(line[task.bestMetric] ?? Number.NEGATIVE_INFINITY)));
  }

  async #saveModel(path: string, { epoch, updates }: Progress, metrics: Metrics): Promise<void> {
    const { task, weights } = this.#options;
    await saveModel(path, task.model, task.describe({ epoch, step: updates, metrics }), weights.measured());
  }
}

/** Gives a file a second name that stays when the first one is given to another file. Not every file system has links. */
function keepAs(path: string, name: string): void {
  const temporary = `${name}.new`;
  rmSync(temporary, { force: true });
  try {
    linkSync(path, temporary);
  } catch {
    copyFileSync(path, temporary);
  }
  renameSync(temporary, name);
}

/** What a checkpoint says of itself; nothing where there is none, or a damaged one. */
function describe(path: string) {
  try {
    return existsSync(path) ? readDescription(path) : undefined;
  } catch (error) {
    if (error instanceof CheckpointError) return undefined;
    throw error;
  }
}
