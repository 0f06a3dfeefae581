/**
 * Traced functions over variables that live in a TensorFlow session.
 */
import type * as tf from '@tensorflow/tfjs-core';
import { EngineError } from '../errors.js';
import { defaultMaxTraces, type EngineOptions, encodeConfig } from './config.js';
import { Generation, type NamedTensors, type Traceable } from './generation.js';
import { checkTensor, dataTypeOf, deleteTensors, type HostTensor, toNativeAll } from './hostTensor.js';
import type { Plan } from './plan.js';
import type { Server } from './server.js';
import type { Device, Recording } from './session.js';
import { type OperationTiming, readRunMetadata } from './timings.js';
import { UnderWay } from './underWay.js';
import type { Variable } from './variable.js';

/** A traced function: feed named arrays, get named arrays. */
export type Compiled<I extends string, O extends string> = (
  inputs: Readonly<Record<I, HostTensor>>,
) => Promise<Record<O, HostTensor>>;

/** Numbers in a tensor below which compiling takes longer than it will ever save. */
const worthCompiling = 2 ** 15;

let programs = 0;

export class Program {
  /** Whether a GPU is among the devices that the session can use. */
  readonly hasGpu: boolean;
  readonly #config: Uint8Array;
  readonly #target: string | undefined;
  readonly #maxTraces: number;
  readonly #name = `program${programs++}`;
  readonly #recording: Recording = { runs: undefined };
  #fusesFrom = Number.POSITIVE_INFINITY;
  #generations = 0;
  #generation: Generation;
  #functions = 0;
  readonly #calls = new UnderWay();
  #renewal: Promise<void> | undefined;
  #disposal: Promise<void> | undefined;
  /** Where calls only plan: what they have planned. */
  #plans: Plan[] | undefined;

  /** @param server runs the program, so that it can exchange tensors with those of other processes. @default none: in this process */
  constructor(options: EngineOptions = {}, server?: Server) {
    this.#config = encodeConfig(options, server?.member);
    this.#target = server?.target;
    // On a server, variables outlive sessions and all members trace in step: nothing is given up there.
    this.#maxTraces = server === undefined ? (options.maxTraces ?? defaultMaxTraces) : Number.POSITIVE_INFINITY;
    this.#generation = this.#newGeneration();
    this.hasGpu = this.devices().some(({ type }) => type === 'GPU');
    const suited = options.xla !== true && !this.hasGpu;
    if (options.fuse ?? suited) this.#fusesFrom = options.fuse ? 0 : worthCompiling;
    this.#generation.fusesFrom = this.#fusesFrom;
  }

  /**
   * Makes `fn` a traced function. It is traced at the first call with each set of input shapes and types, and again only where
   * more than `maxTraces` others came in between.
   *
   * uint8 inputs reach `fn` as float32. What `fn` does to variables (`Variable.assign`, optimizers) happens in every run.
   */
  compile<I extends string, O extends string>(
    fn: (inputs: Record<I, tf.Tensor>) => Record<O, tf.Tensor>,
  ): Compiled<I, O> {
    const id = this.#functions++;
    return async (inputs) => {
      this.#checkOpen();
      const named: NamedTensors = Object.entries<HostTensor>(inputs);
      for (const [name, tensor] of named) checkTensor(tensor, name);
      if (this.#plans !== undefined) return this.#plan(fn as Traceable, named, this.#plans) as Record<O, HostTensor>;
      const shapes = named.map(([name, { data, shape }]) => `${name}:${dataTypeOf(data)}[${shape.join()}]`);
      const key = `${id}(${shapes.join()})`;
      // Copied before anything is awaited: the caller may use its arrays again as soon as the call returns its promise.
      const values = new Map(toNativeAll(named));
      const run = (generation: Generation) => generation.run(key, fn as Traceable, named, values);
      return (await this.#with(run, key, () => deleteTensors(values))) as Record<O, HostTensor>;
    };
  }

  /** Copies host values into the session; one run for all of them. */
  async push(variables: Iterable<Variable>): Promise<void> {
    this.#checkOpen();
    await this.#with((generation) => generation.push(variables));
  }

  /** Copies the session's values to the host (`Variable.value`); one run for all of them. */
  async pull(variables: Iterable<Variable>): Promise<void> {
    this.#checkOpen();
    await this.#with((generation) => generation.pull(variables));
  }

  /** The operations of each run that `body` makes, with their times. */
  async profile(body: () => Promise<unknown>): Promise<OperationTiming[][]> {
    this.#checkOpen();
    if (this.#recording.runs !== undefined) throw new EngineError('this program is being recorded already');
    const runs: Uint8Array[] = [];
    this.#recording.runs = runs;
    try {
      await body();
    } finally {
      this.#recording.runs = undefined;
    }
    return runs.map(readRunMetadata);
  }

  /**
   * Runs `body` with the session left out: each call of a traced function is recorded, and answers with zeros.
   *
   * @returns the plan of each call, in order
   */
  async plan(body: () => Promise<unknown>): Promise<Plan[]> {
    this.#checkOpen();
    if (this.#plans !== undefined) throw new EngineError('this program is being planned already');
    const plans: Plan[] = [];
    this.#plans = plans;
    try {
      await body();
    } finally {
      this.#plans = undefined;
    }
    return plans;
  }

  /** The devices that the session can use. */
  devices(): Device[] {
    this.#checkOpen();
    return this.#generation.devices();
  }

  /**
   * Waits for calls under way, then frees session, variables and graph. Calls that come later are refused with an EngineError;
   * to dispose once more does nothing.
   */
  dispose(): Promise<void> {
    this.#disposal ??= this.#end();
    return this.#disposal;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  async #end(): Promise<void> {
    await this.#calls.idle();
    await this.#generation.dispose();
  }

  #checkOpen(): void {
    if (this.#disposal !== undefined) throw new EngineError('the program was used after its disposal');
  }

  /**
   * Does `work` on the generation, which stays until it has ended.
   *
   * @param key of what it may have to trace
   * @param giveUp frees what `work` was to take over, where it cannot begin
   */
  #with<T>(work: (generation: Generation) => Promise<T>, key?: string, giveUp = () => {}): Promise<T> {
    return this.#calls.during(async () => {
      try {
        while (this.#renewal !== undefined || this.#isFullFor(key)) {
          this.#renewal ??= this.#renew().finally(() => {
            this.#renewal = undefined;
          });
          await this.#renewal;
        }
      } catch (error) {
        giveUp();
        throw error;
      }
      const generation = this.#generation;
      return generation.users.during(() => work(generation));
    });
  }

  #isFullFor(key: string | undefined): boolean {
    return key !== undefined && this.#generation.traces >= this.#maxTraces && !this.#generation.has(key);
  }

  /** Goes on with an empty graph. Variables that runs have changed come to the host first, from where they are pushed again when they are needed. */
  async #renew(): Promise<void> {
    const old = this.#generation;
    await old.users.idle();
    await old.pull(old.changed);
    this.#generation = this.#newGeneration();
    await old.dispose();
  }

  #newGeneration(): Generation {
    return new Generation({
      config: this.#config,
      target: this.#target,
      prefix: `${this.#name}/${this.#generations++}`,
      recording: this.#recording,
      fusesFrom: this.#fusesFrom,
    });
  }

  #plan(fn: Traceable, named: NamedTensors, plans: Plan[]): Record<string, HostTensor> {
    const { plan, results } = this.#generation.plan(fn, named);
    plans.push(plan);
    return results;
  }
}
