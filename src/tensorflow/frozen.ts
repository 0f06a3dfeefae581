/** A function recorded for good: its variables are constants, so that the graph is all there is to a model. */
import * as tf from '@tensorflow/tfjs-core';
import { EngineError } from '../errors.js';
import type { Output } from './api.js';
import { outputOf, recordInto, tensorOf } from './backend.js';
import { encodeConfig } from './config.js';
import { Graph } from './graph.js';
import { type HostTensor, toNativeAll } from './hostTensor.js';
import { Session } from './session.js';
import { inputTensor, Trace } from './trace.js';
import type { Variable } from './variable.js';

/** Type and shape of an input. */
export interface InputSpec {
  readonly dtype: 'float32' | 'int32' | 'uint8';
  readonly shape: readonly number[];
}

/** An output of an operation, by the operation's name. */
export interface NamedOutput {
  readonly node: string;
  readonly index: number;
}

export class FrozenFunction {
  readonly #graph = new Graph();
  /** Names of the placeholders, by input. */
  readonly inputs: ReadonlyMap<string, string>;
  readonly outputs: ReadonlyMap<string, NamedOutput>;

  /**
   * Records `fn` with the values that its variables have on the host. uint8 inputs reach it as float32.
   *
   * No chain is compiled: the graph is made of TensorFlow's ordinary operations.
   */
  constructor(
    fn: (inputs: Record<string, tf.Tensor>) => Readonly<Record<string, tf.Tensor>>,
    inputs: Readonly<Record<string, InputSpec>>,
  ) {
    const graph = this.#graph;
    try {
      [this.inputs, this.outputs] = recordInto(graph, () =>
        new FrozenTrace(graph).during(() => {
          const fed = Object.entries(inputs).map(
            ([name, { dtype, shape }]) => [name, dtype, graph.placeholder(dtype, shape)] as const,
          );
          const tensors = fed.map(([name, dtype, output]) => [name, inputTensor(graph, output, dtype)] as const);
          const results = Object.entries(fn(Object.fromEntries(tensors))).map(([name, tensor]) => {
            const output = outputOf(tensor);
            return [name, { node: graph.nameOf(output), index: output.index }] as const;
          });
          return [new Map(fed.map(([name, , output]) => [name, graph.nameOf(output)])), new Map(results)] as const;
        }),
      );
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  /** A serialised `GraphDef`. */
  serialise(): Uint8Array {
    return this.#graph.serialise();
  }

  shapeOf(output: NamedOutput): readonly number[] {
    return this.#graph.describe(this.#output(output)).shape;
  }

  /** Results for some inputs, by name. */
  async run(inputs: Readonly<Record<string, HostTensor>>): Promise<Record<string, HostTensor>> {
    const results = await this.evaluate([...this.outputs.values()], inputs);
    return Object.fromEntries([...this.outputs.keys()].map((name, i) => [name, results[i]!]));
  }

  /** Values of any outputs in the graph; one run for all of them. */
  async evaluate(
    outputs: readonly NamedOutput[],
    inputs: Readonly<Record<string, HostTensor>> = {},
  ): Promise<HostTensor[]> {
    const session = new Session(this.#graph, encodeConfig({ optimize: false }), undefined, { runs: undefined });
    try {
      const fetches = outputs.map((output) => this.#output(output));
      const fed = Object.entries(inputs).map(
        ([name, tensor]) => [this.#output({ node: this.inputs.get(name)!, index: 0 }), tensor] as const,
      );
      return await session.run(toNativeAll(fed), fetches, []);
    } finally {
      await session.dispose();
    }
  }

  dispose(): void {
    this.#graph.dispose();
  }

  #output({ node, index }: NamedOutput): Output {
    return { oper: this.#graph.operationNamed(node), index };
  }
}

const noVariables = (): never => {
  throw new EngineError('a function that changes its variables cannot be frozen');
};

/** A trace in which reading a variable gives a constant. */
class FrozenTrace extends Trace {
  readonly #constants = new Map<Variable, tf.Tensor>();

  constructor(graph: Graph) {
    super(graph, noVariables, noVariables);
  }

  override read(variable: Variable): tf.Tensor {
    let constant = this.#constants.get(variable);
    if (constant === undefined) {
      constant = tf.keep(tensorOf(this.graph.constant({ data: variable.value, shape: variable.shape })));
      this.#constants.set(variable, constant);
    }
    return constant;
  }

  override prepared(_variable: Variable, value: () => tf.Tensor): tf.Tensor {
    return value();
  }

  override during<T>(body: () => T): T {
    try {
      return super.during(body);
    } finally {
      for (const constant of this.#constants.values()) constant.dispose();
    }
  }
}
