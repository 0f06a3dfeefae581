/**
 * Traced functions whose rows know nothing of each other, as pictures in inference. Operations of such networks are too small to keep several
 * cores busy together, so a batch is divided, and its shares are computed side by side (docs/decisions/0016-a-core-a-share.md).
 */

import { availableParallelism } from 'node:os';
import type * as tf from '@tensorflow/tfjs-core';
import type { EngineOptions } from './config.js';
import { type HostTensor, zerosLike } from './hostTensor.js';
import { canOwnThreads } from './ownThreads.js';
import type { Plan } from './plan.js';
import { type Compiled, Program } from './program.js';
import type { OperationTiming } from './timings.js';
import type { Variable } from './variable.js';

type Tensors = Readonly<Record<string, HostTensor>>;

/** A traced function of rows: inputs and outputs have as many, in the same order. */
export interface RowFunction<I extends string, O extends string> extends Compiled<I, O> {
  /** On a share of the cores, for callers that have several runs under way. */
  readonly onShare: Compiled<I, O>;
}

/** Native calls that Node has under way at once, where the environment does not say so. */
const usualPool = 4;

export class RowProgram {
  /** Runs that are computed side by side, each on a share of the cores; 1 where one run has all of the machine, as on a GPU. */
  readonly shares: number;
  readonly #options: EngineOptions;
  readonly #whole: Program;
  #isWholeUsed = false;
  /** Its operations have the threads of a share. Made when it is needed, since it has the weights once more. */
  #share: Program | undefined;
  #isDividing = true;
  #disposal: Promise<unknown> | undefined;

  constructor(options: EngineOptions = {}) {
    this.#options = options;
    this.#whole = new Program(options);
    const pool = Number(process.env.UV_THREADPOOL_SIZE) || usualPool;
    this.shares = this.#whole.hasGpu || options.xla || !canOwnThreads() ? 1 : Math.min(threadsOf(options), pool);
  }

  /** As {@link Program.compile}. A batch with as many rows for each share is divided, every other one is run as a whole. */
  compile<I extends string, O extends string>(
    fn: (inputs: Record<I, tf.Tensor>) => Record<O, tf.Tensor>,
  ): RowFunction<I, O> {
    const compiled = this.#whole.compile(fn);
    const whole: Compiled<I, O> = (inputs) => {
      this.#isWholeUsed = true;
      return compiled(inputs);
    };
    let share: Compiled<I, O> | undefined;
    const onShare: Compiled<I, O> = (inputs) => {
      if (this.#sharesNow() === 1) return whole(inputs);
      share ??= this.#shareProgram().compile(fn);
      return share(inputs);
    };
    const run: Compiled<I, O> = async (inputs) => {
      const parts = divided(inputs, this.#sharesNow());
      if (parts.length === 1) return whole(inputs);
      return joined(await Promise.all(parts.map((part) => onShare(part as typeof inputs)))) as Record<O, HostTensor>;
    };
    return Object.assign(run, { onShare });
  }

  /** As {@link Program.push}. */
  async push(variables: Iterable<Variable>): Promise<void> {
    const chosen = [...variables];
    // One that has not run yet gets values when it does.
    const programs = this.#programs().filter(
      (program) => program !== this.#whole || this.#isWholeUsed || this.#disposal !== undefined,
    );
    await Promise.all(programs.map((program) => program.push(chosen)));
  }

  /** As {@link Program.profile}. Batches are run as a whole meanwhile: TensorFlow records one run at a time. */
  profile(body: () => Promise<unknown>): Promise<OperationTiming[][]> {
    return this.#whole.profile(() => this.#undivided(body));
  }

  /** As {@link Program.plan}, of batches as a whole. */
  plan(body: () => Promise<unknown>): Promise<Plan[]> {
    return this.#whole.plan(() => this.#undivided(body));
  }

  /** As {@link Program.dispose}. */
  async dispose(): Promise<void> {
    this.#disposal ??= Promise.all(this.#programs().map((program) => program.dispose()));
    await this.#disposal;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  /** After the disposal one, whose program refuses calls. */
  #sharesNow(): number {
    return this.#isDividing && this.#disposal === undefined ? this.shares : 1;
  }

  async #undivided(body: () => Promise<unknown>): Promise<void> {
    this.#isDividing = false;
    try {
      await body();
    } finally {
      this.#isDividing = true;
    }
  }

  #programs(): Program[] {
    return this.#share ? [this.#whole, this.#share] : [this.#whole];
  }

  #shareProgram(): Program {
    const threads = threadsOf(this.#options);
    this.#share ??= new Program({
      ...this.#options,
      threads,
      operationThreads: Math.floor(threads / this.shares),
    });
    return this.#share;
  }
}

/** Threads that a session may use. */
function threadsOf({ threads }: EngineOptions): number {
  return threads ?? (Number(process.env.TF_NUM_INTRAOP_THREADS) || availableParallelism());
}

/** Equal shares of the rows in their order; all in one where they cannot be equal. */
function divided(inputs: Tensors, count: number): Tensors[] {
  const rows = new Set(Object.values(inputs).map(({ shape }) => shape[0]));
  const [total] = rows;
  if (count === 1 || rows.size !== 1 || !total || total % count !== 0) return [inputs];
  return Array.from({ length: count }, (_, share) =>
    Object.fromEntries(
      Object.entries(inputs).map(([name, { data, shape }]) => {
        const size = data.length / count;
        const part = data.subarray(share * size, (share + 1) * size);
        return [name, { data: part, shape: [total / count, ...shape.slice(1)] }];
      }),
    ),
  );
}

function joined(shares: readonly Tensors[]): Tensors {
  return Object.fromEntries(
    Object.entries(shares[0]!).map(([name, first]) => {
      const [rows, ...rest] = first.shape;
      const whole = zerosLike(first, [rows! * shares.length, ...rest]);
      for (const [i, share] of shares.entries()) whole.data.set(share[name]!.data as never, i * first.data.length);
      return [name, whole];
    }),
  );
}
