/** One function being recorded: which variables it reads, and what it does to them. */
import * as tf from '@tensorflow/tfjs-core';
import { EngineError } from '../errors.js';
import type { Output, Pointer } from './api.js';
import { type Attribute, attributeTypes } from './attributes.js';
import { outputOf, tensorOf } from './backend.js';
import type { Graph } from './graph.js';
import { type DataType, dataTypes } from './hostTensor.js';
import type { Variable } from './variable.js';

/** Gives the resource handle of a variable in the graph, making it at the first call. */
export type HandleOf = (variable: Variable) => Output;

interface Update {
  readonly type: string;
  readonly variables: readonly Variable[];
  readonly inputs: readonly Output[];
  readonly attributes: readonly Attribute[];
}

const floatAttribute = (name: string): Attribute => ({ name, type: attributeTypes.type, value: dataTypes.float32 });

let active: Trace | undefined;

/** The trace under way. @throws EngineError when there is none */
export function activeTrace(): Trace {
  if (active === undefined) throw new EngineError('this is only possible while a function is being traced');
  return active;
}

/** What a function that is recorded gets for an input: float32 and int32 as they are, other types as float32. */
export function inputTensor(graph: Graph, placeholder: Output, dtype: DataType): tf.Tensor {
  if (dtype === 'float32' || dtype === 'int32') return tensorOf(placeholder);
  const attributes = [
    { name: 'SrcT', type: attributeTypes.type, value: dataTypes[dtype] },
    { name: 'DstT', type: attributeTypes.type, value: dataTypes.float32 },
  ];
  return tensorOf({ oper: graph.operation('Cast', [placeholder], attributes), index: 0 });
}

export class Trace {
  /** Operations that a run must execute besides computing its results. */
  readonly targets: Pointer[] = [];
  readonly #reads = new Map<Variable, tf.Tensor>();
  readonly #updatedBy = new Map<Variable, Pointer>();
  #pending: Update[] = [];
  #afterwards: (() => void)[] = [];
  #condition: Output | undefined;

  constructor(
    readonly graph: Graph,
    readonly handleOf: HandleOf,
    readonly preparedHandleOf: (variable: Variable, value: () => tf.Tensor) => Output,
  ) {}

  /** Variables that a run changes. */
  get updated(): Iterable<Variable> {
    return this.#updatedBy.keys();
  }

  /** Runs `body` as this trace. */
  during<T>(body: () => T): T {
    active = this;
    try {
      return body();
    } finally {
      this.#forget();
      active = undefined;
    }
  }

  /** The variable's value: as it was before the run, or after its updates inside {@link afterUpdates}. */
  read(variable: Variable): tf.Tensor {
    let tensor = this.#reads.get(variable);
    if (tensor === undefined) {
      const updatedBy = this.#updatedBy.get(variable);
      const after = updatedBy === undefined ? [] : [updatedBy];
      const operation = this.graph.operation(
        'ReadVariableOp',
        [this.handleOf(variable)],
        [floatAttribute('dtype')],
        after,
      );
      tensor = this.#remember(variable, { oper: operation, index: 0 });
    }
    return tensor;
  }

  /**
   * A value that follows from a variable (and others that change with it, in `Program.push` alone): computed once after each
   * push, and not in every run. One value a variable.
   */
  prepared(variable: Variable, value: () => tf.Tensor): tf.Tensor {
    const handle = this.preparedHandleOf(variable, value);
    return tensorOf({ oper: this.graph.operation('ReadVariableOp', [handle], [floatAttribute('dtype')]), index: 0 });
  }

  /** Kept, since the first to read may be in a scope at whose end tfjs disposes of its tensors. */
  #remember(variable: Variable, output: Output): tf.Tensor {
    const tensor = tf.keep(tensorOf(output));
    this.#reads.set(variable, tensor);
    return tensor;
  }

  #forget(): void {
    for (const tensor of this.#reads.values()) tensor.dispose();
    this.#reads.clear();
  }

  /** Plans a new value for a variable. */
  assign(variable: Variable, value: tf.Tensor): void {
    this.#plan('AssignVariableOp', [variable], [value], [floatAttribute('dtype')]);
  }

  /** Plans the subtraction of a value from a variable. */
  subtract(variable: Variable, value: tf.Tensor): void {
    this.#plan('AssignSubVariableOp', [variable], [value], [floatAttribute('dtype')]);
  }

  /** Plans an optimizer operation such as `ResourceApplyAdam`: handles first, then inputs, the gradient last. */
  apply(
    type: string,
    variables: readonly Variable[],
    inputs: readonly tf.Tensor[],
    extra: readonly Attribute[] = [],
  ): void {
    this.#plan(type, variables, inputs, [floatAttribute('T'), ...extra]);
  }

  /** All updates happen only in runs where `condition`, a scalar bool, is true; other runs leave every variable as it was. */
  onlyIf(condition: tf.Tensor): void {
    this.#condition = outputOf(condition);
  }

  /** Runs `body` at the end of the trace, where variables read as they are after their updates. Its own updates come last. */
  afterUpdates(body: () => void): void {
    this.#afterwards.push(body);
  }

  /** Records what was planned. */
  finish(): void {
    this.#commit();
    const bodies = this.#afterwards;
    this.#afterwards = [];
    if (bodies.length === 0) return;
    this.#forget();
    for (const body of bodies) body();
    this.#commit();
  }

  #plan(
    type: string,
    variables: readonly Variable[],
    inputs: readonly tf.Tensor[],
    attributes: readonly Attribute[],
  ): void {
    this.#pending.push({ type, variables, inputs: inputs.map(outputOf), attributes });
  }

  #commit(): void {
    const pending = this.#pending;
    this.#pending = [];
    for (const { type, variables, inputs, attributes } of pending) {
      // A switched-off input makes TensorFlow skip the operation: one input is enough, the last is the gradient or the value.
      const last = inputs.length - 1;
      const gated = inputs.map((input, i) => (i === last ? this.#gate(input) : input));
      // Several updates of one variable happen in the order in which they were planned.
      const before = variables
        .map((variable) => this.#updatedBy.get(variable))
        .filter((earlier) => earlier !== undefined);
      const operation = this.graph.operation(type, [...variables.map(this.handleOf), ...gated], attributes, before);
      for (const variable of variables) this.#updatedBy.set(variable, operation);
      this.targets.push(operation);
    }
  }

  #gate(input: Output): Output {
    if (this.#condition === undefined) return input;
    return { oper: this.graph.operation('Switch', [input, this.#condition], [floatAttribute('T')]), index: 1 };
  }
}
