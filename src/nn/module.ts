/** Networks as plain classes: fields are parameters or modules, and the path of fields is the parameter's name. */
import type * as tf from '@tensorflow/tfjs-core';
import { Random } from '../random.js';
import { currentGraph } from '../tensorflow/backend.js';
import { activeTrace } from '../tensorflow/trace.js';
import { Variable } from '../tensorflow/variable.js';
import type { Initializer } from './init.js';

/** A weight, or a statistic that is kept with the weights. */
export class Parameter extends Variable {
  /** Whether the optimizer changes it: never a statistic, and not a weight that was frozen. */
  trainable: boolean;
  #random = new Random(0);

  constructor(
    shape: readonly number[],
    initializer: Initializer,
    readonly kind: 'weight' | 'statistic' = 'weight',
  ) {
    super(shape, () => initializer(shape, this.#random));
    this.trainable = kind === 'weight';
  }

  /** Sets where the first value comes from; to be called before the value is used. */
  seed(random: Random): void {
    this.#random = random;
  }
}

/** The workers that compute a step together, each on a part of the batch. What one of them gives is of its own part. */
export interface Together {
  readonly count: number;
  /** Whether batch normalisation takes its statistics from all parts together. */
  readonly syncStatistics: boolean;
  mean<T extends tf.Tensor>(x: T): T;
  /** [N, ...] of each → [count · N, ...] */
  gather<T extends tf.Tensor>(x: T): T;
}

/** What a forward pass needs besides its input. */
export interface ForwardContext {
  /** True: batch statistics and random drops. False: running statistics, no drops. */
  readonly training: boolean;
  /** Uniform numbers in [0, 1), new ones in every run of a training step. */
  uniform(shape: readonly number[]): tf.Tensor;
  /**
   * `value()`, which follows from `of` and other weights alone: in inference computed once and kept, one value for each `of`.
   */
  prepared<T extends tf.Tensor>(of: Parameter, value: () => T): T;
  /** Takes the new value of a running statistic. @param rows numbers of each channel that the batch had */
  update(statistic: Parameter, value: tf.Tensor, rows: number): void;
  /** Weight of a batch in running statistics, in place of the layers' own; 1: they are the batch's. */
  readonly momentum?: number | undefined;
  /** Absent where one worker has the whole batch. */
  readonly together?: Together | undefined;
}

/** Evaluation: nothing is random, nothing changes. */
export const inference: ForwardContext = {
  training: false,
  uniform() {
    throw new Error('random numbers were asked for in inference');
  },
  prepared: <T extends tf.Tensor>(of: Parameter, value: () => T) =>
    currentGraph() === undefined ? value() : (activeTrace().prepared(of, value) as T),
  update() {
    throw new Error('a statistic was updated in inference');
  },
};

export abstract class Module {
  /** All parameters below this module, with the path of fields that leads to each, in order of declaration. */
  *parameters(prefix = ''): Generator<[name: string, parameter: Parameter]> {
    for (const [field, value] of Object.entries(this)) yield* parametersOf(value, prefix + field);
  }

  /** Stops training of everything below this module. */
  freeze(): void {
    for (const [, parameter] of this.parameters()) parameter.trainable = false;
  }
}

function* parametersOf(value: unknown, name: string): Generator<[string, Parameter]> {
  if (value instanceof Parameter) yield [name, value];
  else if (value instanceof Module) yield* value.parameters(`${name}.`);
  else if (Array.isArray(value)) for (const [i, item] of value.entries()) yield* parametersOf(item, `${name}.${i}`);
}

/** The modules of a kind below a module, and that module itself. */
export function* modulesOf<T extends Module>(module: Module, kind: new (...args: never[]) => T): Generator<T> {
  if (module instanceof kind) yield module;
  for (const field of Object.values(module)) {
    for (const child of Array.isArray(field) ? field : [field])
      if (child instanceof Module) yield* modulesOf(child, kind);
  }
}

/** The weights below a module that an optimizer changes, as tensors. */
export const trainedWeights = (module: Module): tf.Tensor[] =>
  [...module.parameters()].filter(([, { trainable }]) => trainable).map(([, parameter]) => parameter.read());

/** Gives every parameter its own random stream, from its name: the same seed gives the same weights whatever is built around. */
export function seedParameters(module: Module, seed: number): void {
  const random = new Random(seed);
  for (const [name, parameter] of module.parameters()) parameter.seed(random.fork(...Buffer.from(name)));
}

/** How many numbers an optimizer changes, and how many are kept from it; running statistics are neither. */
export function countParameters(module: Module): { readonly trained: number; readonly frozen: number } {
  let [trained, frozen] = [0, 0];
  for (const [, { kind, trainable, size }] of module.parameters()) {
    if (trainable) trained += size;
    else if (kind === 'weight') frozen += size;
  }
  return { trained, frozen };
}
