/**
 * A TensorFlow graph with the session that runs it, and the variables that live there. Neither forgets anything: what was traced
 * stays until the whole is given up, so a `Program` replaces its generation when that has grown.
 */
import type * as tf from '@tensorflow/tfjs-core';
import { type Output, type Pointer, trimMemory } from './api.js';
import { attributeTypes } from './attributes.js';
import { outputOf, recordInto } from './backend.js';
import { Graph } from './graph.js';
import { dataTypeOf, dataTypes, deleteTensors, type HostTensor, toNativeAll, zeros } from './hostTensor.js';
import { type Plan, readPlan } from './plan.js';
import { type Device, type Recording, Session } from './session.js';
import { inputTensor, Trace } from './trace.js';
import { UnderWay } from './underWay.js';
import type { Variable } from './variable.js';

export interface GenerationOptions {
  /** A serialised `ConfigProto`. */
  readonly config: Uint8Array;
  /** What runs it, as {@link Session} takes it. */
  readonly target: string | undefined;
  /** Numbers in a tensor from which on chains are compiled. */
  readonly fusesFrom: number;
  /** Begins the names of its variables; each generation has another one. */
  readonly prefix: string;
  readonly recording: Recording;
}

/** A function as it is traced. */
export type Traceable = (inputs: Record<string, tf.Tensor>) => Record<string, tf.Tensor>;
export type NamedTensors = readonly (readonly [name: string, tensor: HostTensor])[];

/** A function, traced for inputs of one set of shapes. */
export interface Signature {
  readonly feeds: readonly (readonly [string, Output])[];
  readonly fetches: readonly (readonly [string, Output])[];
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

export class Generation {
  /** Calls that need it to stay. */
  readonly users = new UnderWay();
  readonly #session: Session;
  readonly #graph = new Graph();
  readonly #prefix: string;
  readonly #signatures = new Map<string, Signature>();
  readonly #slots = new Map<Variable, Slot>();
  readonly #changed = new Set<Variable>();
  #traces = 0;
  /** Variables whose values are yet to be brought from the host. */
  readonly #unset = new Set<Variable>();
  /** Values that follow from a variable alone, by the variable: where they are kept, and what computes them. */
  readonly #prepared = new Map<Variable, { readonly handle: Output; readonly compute: Pointer }>();
  /** What computes those values that are yet to be computed. */
  readonly #unprepared = new Set<Pointer>();
  /** While one call fills the session for all that wait. */
  #filling: Promise<void> | undefined;
  /** Ends when everything that was pushed or prepared so far is in the session. */
  #settled: Promise<unknown> = Promise.resolve();

  constructor({ config, target, fusesFrom, prefix, recording }: GenerationOptions) {
    this.#prefix = prefix;
    this.#graph.fusesFrom = fusesFrom;
    this.#session = new Session(this.#graph, config, target, recording);
  }

  /** Numbers in a tensor from which on chains are compiled. */
  set fusesFrom(size: number) {
    this.#graph.fusesFrom = size;
  }

  /** Traces so far, those that failed among them: they stay in the graph too. */
  get traces(): number {
    return this.#traces;
  }

  /** Variables that a traced function changes, so that their values here are newer than those on the host. */
  get changed(): Iterable<Variable> {
    return this.#changed;
  }

  /** Whether a run of `key` needs no trace. */
  has(key: string): boolean {
    return this.#signatures.has(key);
  }

  /**
   * Runs `fn`, which is traced at the first call with the key.
   *
   * @param values of the inputs, by name: the session's from now on
   */
  async run(
    key: string,
    fn: Traceable,
    inputs: NamedTensors,
    values: ReadonlyMap<string, Pointer>,
  ): Promise<Record<string, HostTensor>> {
    let signature: Signature;
    try {
      signature = await this.#ready(key, fn, inputs);
    } catch (error) {
      deleteTensors(values);
      throw error;
    }
    const { feeds, fetches, targets } = signature;
    const fed = feeds.map(([name, output]) => [output, values.get(name)!] as const);
    const outputs = fetches.map(([, output]) => output);
    const results = await this.#session.run(fed, outputs, targets);
    return Object.fromEntries(fetches.map(([name], i) => [name, results[i]!]));
  }

  /** Copies host values into the session; one run for all of them. */
  async push(variables: Iterable<Variable>): Promise<void> {
    const chosen = [...variables];
    const slots = chosen.map((variable) => this.#slot(variable));
    const values = chosen.flatMap((variable, i) =>
      variable.isZero ? [] : [[slots[i]!.value, { data: variable.value, shape: variable.shape }] as const],
    );
    const feeds = toNativeAll(values);
    const targets = chosen.map((variable, i) => (variable.isZero ? slots[i]!.clear : slots[i]!.assign));
    for (const { compute } of this.#prepared.values()) this.#unprepared.add(compute);
    await this.#settle(this.#unset, chosen, () => this.#session.run(feeds, [], targets));
  }

  /** Copies the session's values to the host (`Variable.value`); one run for all of them. */
  async pull(variables: Iterable<Variable>): Promise<void> {
    const chosen = [...variables].filter((variable) => this.#slots.has(variable) && !this.#unset.has(variable));
    if (chosen.length === 0) return;
    const reads = chosen.map((variable) => this.#slot(variable).read);
    const results = await this.#session.run([], reads, []);
    for (const [i, variable] of chosen.entries()) variable.value = results[i]!.data as Float32Array;
  }

  /** Records `fn` without running it. @returns what a run would execute, and zeros in the shapes of its results */
  plan(fn: Traceable, inputs: NamedTensors): { plan: Plan; results: Record<string, HostTensor> } {
    const graph = this.#graph;
    const { feeds, fetches, targets } = this.#trace(fn, inputs);
    const outputs = fetches.map(([, output]) => output);
    const fed = feeds.map(([, output]) => output);
    const results = fetches.map(([name, output]) => [name, zeros(graph.describe(output))] as const);
    return { plan: readPlan(graph, fed, outputs, targets), results: Object.fromEntries(results) };
  }

  devices(): Device[] {
    return this.#session.devices();
  }

  /** Waits for the work under way, then frees the session with its variables, and the graph. To be called once, and nothing after it. */
  async dispose(): Promise<void> {
    await this.users.idle();
    await this.#session.dispose();
    this.#graph.dispose();
    trimMemory();
  }

  /** The signature of `key`, when every variable that it reads is in the session. */
  async #ready(key: string, fn: Traceable, inputs: NamedTensors): Promise<Signature> {
    let signature = this.#signatures.get(key);
    if (signature === undefined) {
      signature = this.#trace(fn, inputs);
      this.#signatures.set(key, signature);
    }
    for (;;) {
      const settled = this.#settled;
      await settled; // what a push has begun: where that fails, it is to be done again
      if (settled !== this.#settled) continue; // another one has begun meanwhile
      if (this.#filling === undefined && this.#unset.size + this.#unprepared.size === 0) return signature;
      this.#filling ??= this.#fill().finally(() => {
        this.#filling = undefined;
      });
      await this.#filling;
    }
  }

  #trace(fn: Traceable, inputs: NamedTensors): Signature {
    const graph = this.#graph;
    this.#traces++;
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
          ([name, output], i) => [name, inputTensor(graph, output, dataTypeOf(inputs[i]![1].data))] as const,
        );
        const results = fn(Object.fromEntries(tensors));
        const fetches = Object.entries(results).map(([name, tensor]) => [name, outputOf(tensor)] as const);
        trace.finish();
        for (const variable of trace.updated) this.#changed.add(variable);
        return { feeds, fetches, targets: trace.targets };
      });
    });
  }

  /** Where a value that follows from a variable is kept; `value` records how to compute it, the first time. */
  #preparedHandle(variable: Variable, value: () => tf.Tensor): Output {
    const known = this.#prepared.get(variable);
    if (known !== undefined) return known.handle;
    const tensor = value();
    const handle = this.#newHandle(tensor.shape, `${this.#prefix}/prepared${this.#prepared.size}`);
    const compute = this.#graph.operation('AssignVariableOp', [handle, outputOf(tensor)], [floats]);
    this.#prepared.set(variable, { handle, compute });
    this.#unprepared.add(compute);
    return handle;
  }

  /** Brings the variables that are not in the session, and computes what follows from them. */
  async #fill(): Promise<void> {
    if (this.#unset.size > 0) await this.push(this.#unset);
    if (this.#unprepared.size === 0) return;
    const operations = [...this.#unprepared];
    await this.#settle(this.#unprepared, operations, () => this.#session.run([], [], operations));
  }

  /** Runs `change`, which others wait for, after those before it. Where it fails, what it was to do is to be done again. */
  #settle<T>(open: Set<T>, items: readonly T[], change: () => Promise<unknown>): Promise<unknown> {
    for (const item of items) open.delete(item);
    const done = this.#settled.then(change).catch((error: unknown) => {
      for (const item of items) open.add(item);
      throw error;
    });
    this.#settled = done.catch(() => {}); // whoever asked for the change hears of it
    return done;
  }

  #slot(variable: Variable): Slot {
    let slot = this.#slots.get(variable);
    if (slot === undefined) {
      slot = this.#newSlot(variable);
      this.#slots.set(variable, slot);
      this.#unset.add(variable);
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
