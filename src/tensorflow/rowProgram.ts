/**
 * Traced functions whose rows know nothing of each other, as pictures in inference. Operations of such networks are too small to keep several
 * cores busy together, so a batch is divided: each core computes a share of the rows, alone.
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
  /** On one core, for callers that have several runs under way. */
  readonly onOneCore: Compiled<I, O>;
}

export class RowProgram {
  /** Cores that a batch is divided among; 1 where one run has all of the machine, as on a GPU. */
  readonly cores: number;
  readonly #options: EngineOptions;
  readonly #whole: Program;
  /** Each of its operations has one thread. Made when it is needed, since it has the weights once more. */
  #single: Program | undefined;
  #isDivided = true;
  #isRecorded = false;
  #disposal: Promise<unknown> | undefined;

  constructor(options: EngineOptions = {}) {
    this.#options = options;
    this.#whole = new Program(options);
    const hasGpu = this.#whole.devices().some(({ type }) => type === 'GPU');
    this.cores = hasGpu || options.xla || !canOwnThreads() ? 1 : threadsOf(options);
  }

  /** As {@link Program.compile}. A batch of as many rows for each core is divided, every other one is run as a whole. */
  compile<I extends string, O extends string>(
    fn: (inputs: Record<I, tf.Tensor>) => Record<O, tf.Tensor>,
  ): RowFunction<I, O> {
    const whole = this.#whole.compile(fn);
    let single: Compiled<I, O> | undefined;
    const onOneCore: Compiled<I, O> = (inputs) => {
      if (this.cores === 1 || this.#disposal !== undefined) return whole(inputs); // which refuses calls after its disposal
      single ??= this.#singleProgram().compile(fn);
      return single(inputs);
    };
    const run: Compiled<I, O> = async (inputs) => {
      const shares = this.#isDivided ? divided(inputs, this.cores) : [inputs];
      if (shares.length === 1) return whole(inputs);
      const results: Promise<Tensors>[] = [];
      for (const share of shares) {
        results.push(onOneCore(share as typeof inputs));
        if (this.#isRecorded) await results.at(-1); // TensorFlow records one run at a time
      }
      return joined(await Promise.all(results)) as Record<O, HostTensor>;
    };
    return Object.assign(run, { onOneCore });
  }

  /** As {@link Program.push}. */
  async push(variables: Iterable<Variable>): Promise<void> {
    const chosen = [...variables];
    await Promise.all(this.#programs().map((program) => program.push(chosen)));
  }

  /** As {@link Program.profile}; the shares of a batch are one run, and are computed one after the other. */
  async profile(body: () => Promise<unknown>): Promise<OperationTiming[][]> {
    if (this.cores === 1) return this.#whole.profile(body);
    let shares: OperationTiming[][] = [];
    const runs = await this.#whole.profile(async () => {
      this.#isRecorded = true;
      try {
        shares = await this.#singleProgram().profile(body);
      } finally {
        this.#isRecorded = false;
      }
    });
    for (let i = 0; i < shares.length; i += this.cores) runs.push(shares.slice(i, i + this.cores).flat());
    return runs;
  }

  /** As {@link Program.plan}, of the batch as a whole. */
  async plan(body: () => Promise<unknown>): Promise<Plan[]> {
    this.#isDivided = false;
    try {
      return await this.#whole.plan(body);
    } finally {
      this.#isDivided = true;
    }
  }

  /** As {@link Program.dispose}. */
  async dispose(): Promise<void> {
    this.#disposal ??= Promise.all(this.#programs().map((program) => program.dispose()));
    await this.#disposal;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  #programs(): Program[] {
    return this.#single ? [this.#whole, this.#single] : [this.#whole];
  }

  #singleProgram(): Program {
    this.#single ??= new Program({ ...this.#options, threads: this.cores, operationThreads: 1 });
    return this.#single;
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
