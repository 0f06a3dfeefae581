/** Numbers that a program keeps between runs: weights, running statistics, optimizer state. */
import * as tf from '@tensorflow/tfjs-core';
import { EngineError } from '../errors.js';
import { currentGraph } from './backend.js';
import { sizeOf } from './hostTensor.js';
import { activeTrace } from './trace.js';

export class Variable {
  readonly size: number;
  readonly #initial: (() => Float32Array) | undefined;
  #value: Float32Array | undefined;
  #eager: tf.Tensor | undefined;

  /** @param initial gives the first value when it is needed; zeros where it is left out */
  constructor(
    readonly shape: readonly number[],
    initial?: () => Float32Array,
  ) {
    this.size = sizeOf(shape);
    this.#initial = initial;
  }

  /** True while the value is the zeros that it began with, so that nobody need make them on the host. */
  get isZero(): boolean {
    return this.#value === undefined && this.#initial === undefined;
  }

  /** The value on the host. A program that trains holds a newer one: `Program.pull` brings it here. */
  get value(): Float32Array {
    this.#value ??= this.#initial?.() ?? new Float32Array(this.size);
    return this.#value;
  }

  set value(value: Float32Array) {
    if (value.length !== this.size) {
      throw new EngineError(`a value of ${value.length} numbers for a variable of shape [${this.shape.join(', ')}]`);
    }
    this.#value = value;
    this.disposeEager();
  }

  /** The value as a tensor of the current backend. It belongs to the variable: do not dispose of it. */
  read<T extends tf.Tensor = tf.Tensor>(): T {
    if (currentGraph() !== undefined) return activeTrace().read(this) as T;
    this.#eager ??= tf.keep(tf.tensor(this.value, [...this.shape]));
    return this.#eager as T;
  }

  /** Gives the variable a new value: at once where operations run eagerly, at the end of each run where they are traced. */
  assign(value: tf.Tensor): void {
    if (currentGraph() !== undefined) activeTrace().assign(this, value);
    else this.value = value.dataSync<'float32'>().slice();
  }

  /** Frees the eager copy. */
  disposeEager(): void {
    this.#eager?.dispose();
    this.#eager = undefined;
  }
}
