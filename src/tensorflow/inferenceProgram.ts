/** Traced functions over weights that are part of the graph: the fastest way to run a network that does not change. */
import type * as tf from '@tensorflow/tfjs-core';
import type { EngineOptions } from './config.js';
import type { OperationTiming } from './profile.js';
import { type Compiled, Program } from './program.js';

/**
 * Like `Program`, but variables are constants, so that TensorFlow folds what follows from them and lays weights out for its
 * kernels once and not in every run. New weights mean a new graph: {@link InferenceProgram.refresh}.
 */
export class InferenceProgram {
  #program: Program;
  readonly #engine: EngineOptions;

  constructor(engine: EngineOptions = {}) {
    this.#engine = engine;
    this.#program = new Program({ ...engine, constantVariables: true });
  }

  /** As `Program.compile`; `fn` is traced again after {@link refresh}. */
  compile<I extends string, O extends string>(
    fn: (inputs: Record<I, tf.Tensor>) => Record<O, tf.Tensor>,
  ): Compiled<I, O> {
    let program = this.#program;
    let compiled = program.compile(fn);
    return (inputs) => {
      if (program !== this.#program) {
        program = this.#program;
        compiled = program.compile(fn);
      }
      return compiled(inputs);
    };
  }

  /** Takes over the values that variables now have on the host. Waits for runs under way. */
  async refresh(): Promise<void> {
    const old = this.#program;
    this.#program = new Program({ ...this.#engine, constantVariables: true });
    await old.dispose();
  }

  /** As `Program.profile`. */
  profile(body: () => Promise<unknown>): Promise<OperationTiming[][]> {
    return this.#program.profile(body);
  }

  /** The devices that the session can use, such as `CPU` and `GPU`. */
  devices(): string[] {
    return this.#program.devices();
  }

  dispose(): Promise<void> {
    return this.#program.dispose();
  }
}
