/**
 * tfjs' kernels on a TensorFlow graph: every operation is recorded, none runs. TensorFlow's shape inference answers what
 * the kernels ask about shapes and types.
 */
import { EngineError } from '../errors.js';
import type { Output } from './api.js';
import type { Attribute } from './attributes.js';
import { areStrings, Binding, dataTypeName, type TensorMetadata, toHostArray, typeForTfjs } from './binding.js';
import type { Graph } from './graph.js';
import type { DataType } from './hostTensor.js';

/** Outputs whose shape TensorFlow does not tell, because only the operation's own gradient may use them: workspaces. */
const workspaces: Readonly<Record<string, number>> = { FusedBatchNormV3: 5 };

export class GraphBinding extends Binding {
  #outputs = new Map<number, Output>();
  #nextId = 0;
  #graph: Graph | undefined;

  /** Runs `body` with every operation going to `graph`. */
  recordingTo<T>(graph: Graph, body: () => T): T {
    if (this.#graph !== undefined) throw new EngineError('a function is being traced already; traces do not nest');
    this.#graph = graph;
    try {
      return body();
    } finally {
      this.#graph = undefined;
      this.#outputs.clear();
    }
  }

  /** Within a recording: runs `body` with every operation going to another graph, which sees no tensor of this one. */
  recordingAside<T>(graph: Graph, body: () => T): T {
    const around = { graph: this.graph, outputs: this.#outputs };
    this.#graph = graph;
    this.#outputs = new Map();
    try {
      return body();
    } finally {
      this.#graph = around.graph;
      this.#outputs = around.outputs;
    }
  }

  /** The graph that is being recorded to. */
  get graph(): Graph {
    if (this.#graph === undefined) throw new EngineError('a traced tensor was used after its trace had ended');
    return this.#graph;
  }

  createTensor(...[shape, dtype, values]: Parameters<Binding['createTensor']>): number {
    const output = areStrings(dtype, values)
      ? this.graph.stringConstant(values, shape)
      : this.graph.constant({ data: toHostArray(dtype, values), shape }, dataTypeName(dtype) as DataType);
    return this.#keep(output);
  }

  deleteTensor(id: number): void {
    this.#outputs.delete(id);
  }

  tensorDataSync(): never {
    throw new EngineError(
      'a traced function asked for the value of a tensor (dataSync, arraySync or a JavaScript condition on it): while tracing there are only shapes',
    );
  }

  executeOp(
    name: string,
    attributes: readonly Attribute[],
    inputs: readonly number[],
    outputs: number,
  ): TensorMetadata[] {
    const operation = this.graph.operation(
      name,
      inputs.map((id) => this.output(id)),
      attributes,
    );
    return Array.from({ length: outputs }, (_, index) => {
      const output = { oper: operation, index };
      return workspaces[name] === index
        ? { id: this.#keep(output), shape: [0], dtype: this.TF_FLOAT }
        : this.describe(output);
    });
  }

  /** The graph output behind a kernel's tensor number. */
  output(id: number): Output {
    const output = this.#outputs.get(id);
    if (output === undefined)
      throw new EngineError('a tensor from outside was used in a traced function; pass it as an input');
    return output;
  }

  /** Gives an output of the graph a tensor number. @throws EngineError when its shape is not known while tracing */
  describe(output: Output): TensorMetadata {
    const { shape, dtype } = this.graph.describe(output);
    return { id: this.#keep(output), shape: [...shape], dtype: typeForTfjs(dtype) };
  }

  #keep(output: Output): number {
    this.#outputs.set(this.#nextId, output);
    return this.#nextId++;
  }
}
