/**
 * A TensorFlow graph and the session that runs it: traced functions over variables that live in the session.
 */
import type * as tf from '@tensorflow/tfjs-core';
import { type Output, type Pointer, tensorflow } from './api.js';
import { attributeTypes } from './attributes.js';
import { outputOf, recordInto, tensorOf } from './backend.js';
import { type EngineOptions, encodeConfig } from './config.js';
import { Graph } from './graph.js';
import { type DataType, dataTypeOf, dataTypes, type HostTensor, toNative, zeros } from './hostTensor.js';
import { type Plan, readPlan } from './plan.js';
import type { Server } from './server.js';
import { type Device, Session } from './session.js';
import { type OperationTiming, readRunMetadata } from './timings.js';
import { Trace } from './trace.js';
import type { Variable } from './variable.js';

/** A traced function: feed named arrays, get named arrays. */
export type Compiled<I extends string, O extends string> = (
  inputs: Readonly<Record<I, HostTensor>>,
) => Promise<Record<O, HostTensor>>;

interface Signature<I extends string, O extends string> {
  readonly feeds: readonly (readonly [I, Output])[];
  readonly fetches: readonly (readonly [O, Output])[];
  readonly targets: readonly Pointer[];
}

interface Slot {
  readonly handle: Output;
  readonly read: Output;
  readonly value: Output;
  readonly assign: Pointer;
  readonly clear: Pointer;
}

const floats = { name: 'dtype', type: attributeTypes.type, value: dataTypes.float32 };

/** Numbers in a tensor below which compiling takes longer than it will ever save. */
const worthCompiling = 2 ** 15;

let programs = 0;

export class Program {
  readonly #graph = new Graph();
  readonly #session: Session;
  readonly #slots = new Map<Variable, Slot>();
  readonly #prefix = `program${programs++}`;
  #unset: Variable[] = [];
  /** Values that follow from a variable alone, by the variable: where they are kept, and what computes them. */
  readonly #prepared = new Map<Variable, { readonly handle: Output; readonly compute: Pointer }>();
  #unprepared: Pointer[] = [];
  /** Where calls only plan: what they have planned. */
  #plans: Plan[] | undefined;
  /** Ends when everything that was pushed or prepared so far is in the session. */
  #settled: Promise<unknown> = Promise.resolve();

  /** @param server runs the program, so that it can exchange tensors with those of other processes. @default none: in this process */
  constructor(options: EngineOptions = {}, server?: Server) {
    this.#session = new Session(this.#graph, encodeConfig(options, server?.member), server?.target);
    const suited = options.xla !== true && !this.devices().some(({ type }) => type === 'GPU');
    if (options.fuse ?? suited) this.#graph.fusesFrom = options.fuse ? 0 : worthCompiling;
  }

  /**
   * Makes `fn` a traced function. It is traced at the first call with each set of input shapes and types, and again never.
   *
   * uint8 inputs reach `fn` as float32. What `fn` does to variables (`Variable.assign`, optimizers) happens in every run.
   */
  compile<I extends string, O extends string>(
    fn: (inputs: Record<I, tf.Tensor>) => Record<O, tf.Tensor>,
  ): Compiled<I, O> {
    const signatures = new Map<string, Signature<I, O>>();
    return async (inputs) => {
      const named = Object.entries(inputs) as [I, HostTensor][];
      const key = named.map(([name, { data, shape }]) => `${name}:${dataTypeOf(data)}[${shape.join()}]`).join();
      if (this.#plans !== undefined) return this.#plan(this.#trace(fn, named), this.#plans);
      // Copied before anything is awaited: the caller may use its arrays again as soon as the call returns its promise.
      const values = new Map(named.map(([name, tensor]) => [name, toNative(tensor)]));
      let signature: Signature<I, O>;
      try {
        signature = signatures.get(key) ?? this.#trace(fn, named);
        signatures.set(key, signature);
        if (this.#unset.length > 0) await this.push(this.#unset);
        if (this.#unprepared.length > 0) await this.#prepare();
        await this.#settled; // what another call has begun to push or to prepare
      } catch (error) {
        for (const value of values.values()) tensorflow().TF_DeleteTensor(value);
        throw error;
      }
      const { feeds, fetches, targets } = signature;
      const results = await this.#session.run(
        feeds.map(([name, output]) => [output, values.get(name)!] as const),
        fetches.map(([, output]) => output),
        targets,
      );
      return Object.fromEntries(fetches.map(([name], i) => [name, results[i]])) as Record<O, HostTensor>;
    };
  }

  /** Copies host values into the session; one run for all of them. */
  async push(variables: Iterable<Variable>): Promise<void> {
    const chosen = [...variables];
    const slots = chosen.map((variable) => this.#slot(variable));
    const feeds = chosen.flatMap((variable, i) =>
      variable.isZero ? [] : [[slots[i]!.value, toNative({ data: variable.value, shape: variable.shape })] as const],
    );
    const targets = chosen.map((variable, i) => (variable.isZero ? slots[i]!.clear : slots[i]!.assign));
    const done = new Set(chosen);
    this.#unset = this.#unset.filter((variable) => !done.has(variable));
    this.#unprepared = [...this.#prepared.values()].map(({ compute }) => compute);
    await this.#settle(() => this.#session.run(feeds, [], targets));
  }

  /** Copies the session's values to the host (`Variable.value`); one run for all of them. */
  async pull(variables: Iterable<Variable>): Promise<void> {
    const chosen = [...variables].filter((variable) => this.#slots.has(variable) && !this.#unset.includes(variable));
    const results = await this.#session.run(
      [],
      chosen.map((variable) => this.#slot(variable).read),
      [],
    );
    for (const [i, variable] of chosen.entries()) variable.value = results[i]!.data as Float32Array;
  }

  /** The operations of each run that `body` makes, with their times. */
  async profile(body: () => Promise<unknown>): Promise<OperationTiming[][]> {
    return (await this.#session.record(body)).map(readRunMetadata);
  }

  /**
   * Runs `body` with the session left out: each call of a traced function is recorded, and answers with zeros.
   *
   * @returns the plan of each call, in order
   */
  async plan(body: () => Promise<unknown>): Promise<Plan[]> {
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
    return this.#session.devices();
  }

  /** Waits for runs under way, then frees the session with its variables, and the graph. */
  async dispose(): Promise<void> {
    await this.#session.dispose();
    this.#graph.dispose();
  }

  #trace<I extends string, O extends string>(
    fn: (inputs: Record<I, tf.Tensor>) => Record<O, tf.Tensor>,
    inputs: readonly (readonly [I, HostTensor])[],
  ): Signature<I, O> {
    const graph = this.#graph;
    return recordInto(graph, () => {
      const trace = new Trace(
        graph,
        (variable) => this.#slot(variable).handle,
        (variable, value) => this.#preparedHandle(variable, value),
      );
      return trace.during(() => {
        const feeds = inputs.map(
          ([name, { data, shape }]) => [name, graph.placeholder(dataTypeOf(data), shape)] as const,
        );
        const tensors = feeds.map(
          ([name, output], i) => [name, this.#input(output, dataTypeOf(inputs[i]![1].data))] as const,
        );
        const results = fn(Object.fromEntries(tensors) as Record<I, tf.Tensor>);
        const fetches = (Object.entries(results) as [O, tf.Tensor][]).map(
          ([name, tensor]) => [name, outputOf(tensor)] as const,
        );
        trace.finish();
        return { feeds, fetches, targets: trace.targets };
      });
    });
  }

  #plan<O extends string>({ feeds, fetches, targets }: Signature<string, O>, plans: Plan[]): Record<O, HostTensor> {
    const graph = this.#graph;
    const outputs = fetches.map(([, output]) => output);
    plans.push(
      readPlan(
        graph,
        feeds.map(([, output]) => output),
        outputs,
        targets,
      ),
    );
    const results = fetches.map(([name, output]) => [name, zeros(graph.describe(output))] as const);
    return Object.fromEntries(results) as Record<O, HostTensor>;
  }

  /** A placeholder as a tensor that tfjs can name the type of. */
  #input(output: Output, dtype: DataType): tf.Tensor {
    if (dtype === 'float32' || dtype === 'int32') return tensorOf(output);
    const attributes = [
      { name: 'SrcT', type: attributeTypes.type, value: dataTypes[dtype] },
      { name: 'DstT', type: attributeTypes.type, value: dataTypes.float32 },
    ];
    return tensorOf({ oper: this.#graph.operation('Cast', [output], attributes), index: 0 });
  }

  /** Where a value that follows from a variable is kept; `value` records how to compute it, the first time. */
  #preparedHandle(variable: Variable, value: () => tf.Tensor): Output {
    const known = this.#prepared.get(variable);
    if (known !== undefined) return known.handle;
    const tensor = value();
    const handle = this.#newHandle(tensor.shape, `${this.#prefix}/prepared${this.#prepared.size}`);
    const compute = this.#graph.operation('AssignVariableOp', [handle, outputOf(tensor)], [floats]);
    this.#prepared.set(variable, { handle, compute });
    this.#unprepared.push(compute);
    return handle;
  }

  async #prepare(): Promise<void> {
    const operations = this.#unprepared;
    this.#unprepared = [];
    await this.#settle(() => this.#session.run([], [], operations));
  }

  /** Runs `change`, which others wait for, after those before it. */
  #settle(change: () => Promise<unknown>): Promise<unknown> {
    const done = this.#settled.then(change);
    this.#settled = done.catch(() => {}); // whoever asked for the change hears of it
    return done;
  }

  #slot(variable: Variable): Slot {
    let slot = this.#slots.get(variable);
    if (slot === undefined) {
      slot = this.#newSlot(variable);
      this.#slots.set(variable, slot);
      this.#unset.push(variable);
    }
    return slot;
  }

  #newSlot({ shape }: Variable): Slot {
    const graph = this.#graph;
    const handle = this.#newHandle(shape, `${this.#prefix}/${this.#slots.size}`);
    const read = { oper: graph.operation('ReadVariableOp', [handle], [floats]), index: 0 };
    const value = graph.placeholder('float32', shape);
    const dims = graph.constant({ data: Int32Array.from(shape), shape: [shape.length] });
    const zero = graph.constant({ data: new Float32Array(1), shape: [] });
    const fill = graph.operation(
      'Fill',
      [dims, zero],
      [{ name: 'T', type: attributeTypes.type, value: dataTypes.float32 }],
    );
    return {
      handle,
      read,
      value,
      assign: graph.operation('AssignVariableOp', [handle, value], [floats]),
      clear: graph.operation('AssignVariableOp', [handle, { oper: fill, index: 0 }], [floats]),
    };
  }

  #newHandle(shape: readonly number[], name: string): Output {
    const attributes = [
      floats,
      { name: 'shape', type: attributeTypes.shape, value: shape },
      { name: 'shared_name', type: attributeTypes.string, value: name },
    ];
    return { oper: this.#graph.operation('VarHandleOp', [], attributes), index: 0 };
  }
}
