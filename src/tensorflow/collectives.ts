/** Operations in which several processes take part, each with its own tensor, inside of traced functions. */
import * as tf from '@tensorflow/tfjs-core';
import type { Pointer } from './api.js';
import { type Attribute, attributeTypes } from './attributes.js';
import { outputOf, tensorOf } from './backend.js';
import { type DataType, dataTypes } from './hostTensor.js';
import { activeTrace, type Trace } from './trace.js';

export interface CollectivesOptions {
  /** This process, of `count`. */
  readonly index: number;
  readonly count: number;
  /** Tells these from other collectives of the same processes that may be under way at the same time, from 1. */
  readonly group: number;
  /** Seconds that an operation waits for the other processes before it fails. */
  readonly timeout: number;
}

/** No resources that say what an operation comes after: control inputs do. */
const noTokens: Attribute = { name: 'Nordering_token', type: attributeTypes.int, value: 0 };

/** Each process traces the same operations in the same order; they also run in that order, which NCCL needs. */
export class Collectives {
  readonly index: number;
  readonly count: number;
  readonly #group: number;
  readonly #timeout: number;
  readonly #last = new WeakMap<Trace, Pointer>();
  #instances = 0;

  constructor({ index, count, group, timeout }: CollectivesOptions) {
    this.index = index;
    this.count = count;
    this.#group = group;
    this.#timeout = timeout;
  }

  /** The mean over all processes of a float32 tensor: the same to the last bit in each of them. */
  mean<T extends tf.Tensor>(x: T): T {
    return this.#reduce(x, 'Div');
  }

  /** The sum over all processes of a float32 or int32 tensor. */
  sum<T extends tf.Tensor>(x: T): T {
    return this.#reduce(x, 'Id');
  }

  /** [N, ...] of each process → [count · N, ...], in the order of the processes. */
  gather<T extends tf.Tensor>(x: T): T {
    const [rows = 1, ...rest] = x.shape;
    return this.#record('CollectiveGatherV2', [x], x, [this.count * rows, ...rest], [noTokens]) as T;
  }

  /** The tensor of process 0, in each of them. What the others give says its shape and type. */
  broadcast<T extends tf.Tensor>(x: T): T {
    if (this.index === 0) return this.#record('CollectiveBcastSendV2', [x], x, x.shape, []) as T;
    const shapeType = { name: 'Tshape', type: attributeTypes.type, value: dataTypes.int32 };
    const shape = tf.tensor1d(x.shape, 'int32');
    return this.#record('CollectiveBcastRecvV2', [], x, x.shape, [shapeType], [shape]) as T;
  }

  #reduce<T extends tf.Tensor>(x: T, finish: 'Id' | 'Div'): T {
    return this.#record('CollectiveReduceV2', [x], x, x.shape, [
      { name: 'merge_op', type: attributeTypes.string, value: 'Add' },
      { name: 'final_op', type: attributeTypes.string, value: finish },
      noTokens,
    ]) as T;
  }

  /** Records an operation whose inputs are `before`, the three numbers that identify it, and `after`. */
  #record(
    type: string,
    before: readonly tf.Tensor[],
    { dtype }: tf.Tensor,
    shape: readonly number[],
    attributes: readonly Attribute[],
    after: readonly tf.Tensor[] = [],
  ): tf.Tensor {
    const trace = activeTrace();
    const instance = ++this.#instances; // those that meet have one number, which no other one of the group has
    const keys = [this.count, this.#group, instance].map((key) => tf.scalar(key, 'int32'));
    const last = this.#last.get(trace);
    const operation = trace.graph.operation(
      type,
      [...before, ...keys, ...after].map(outputOf),
      [
        { name: 'T', type: attributeTypes.type, value: dataTypes[dtype as DataType] },
        { name: 'timeout_seconds', type: attributeTypes.float, value: this.#timeout },
        ...attributes,
      ],
      last === undefined ? [] : [last],
    );
    this.#last.set(trace, operation);
    const output = { oper: operation, index: 0 };
    trace.graph.setShape(output, shape);
    return tensorOf(output);
  }
}
