/** Optimizers as operations of the traced step: the weights never leave TensorFlow. */
import * as tf from '@tensorflow/tfjs-core';
import type { Parameter } from '../nn/module.js';
import { attributeTypes } from '../tensorflow/attributes.js';
import { activeTrace } from '../tensorflow/trace.js';
import { Variable } from '../tensorflow/variable.js';

/** A parameter and the gradient of the loss with respect to it, of the same shape. */
export type Gradient = readonly [parameter: Parameter, gradient: tf.Tensor];

export interface Optimizer {
  /** State of all parameters, by a name for the checkpoint. */
  state(): Iterable<[name: string, variable: Variable]>;
  /** Plans one update in the current trace. `rates` is what {@link Optimizer.rates} gave for the step, fed as [n]. */
  update(gradients: readonly Gradient[], rates: tf.Tensor1D): void;
  /** Numbers that the update with number `t` needs, such as its rate: [n]. `t` counts the updates that were made, from 1. */
  rates(learningRate: number, t: number): Float32Array;
}

interface DecayOptions {
  readonly weightDecay: number;
  /** Whether a parameter is decayed, by its name. */
  readonly decays: (name: string, parameter: Parameter) => boolean;
}

export interface AdamWOptions extends DecayOptions {
  readonly betas: readonly [number, number];
  readonly epsilon: number;
}

export interface SgdOptions extends DecayOptions {
  readonly momentum: number;
  readonly nesterov: boolean;
}

/** One state variable for each trainable parameter, zero at first. */
class Slots {
  readonly #slots = new Map<Parameter, Variable>();
  readonly #names = new Map<Parameter, string>();

  constructor(
    readonly kind: string,
    parameters: Iterable<[string, Parameter]>,
  ) {
    for (const [name, parameter] of parameters) {
      if (!parameter.trainable) continue;
      this.#slots.set(parameter, new Variable(parameter.shape));
      this.#names.set(parameter, name);
    }
  }

  get(parameter: Parameter): Variable {
    const slot = this.#slots.get(parameter);
    if (slot === undefined)
      throw new Error(`no optimizer state for a parameter of shape [${parameter.shape.join(', ')}]`);
    return slot;
  }

  *[Symbol.iterator](): Generator<[string, Variable]> {
    for (const [parameter, slot] of this.#slots) yield [`${this.kind}/${this.#names.get(parameter)}`, slot];
  }
}

const decayedOf = (parameters: readonly [string, Parameter][], { weightDecay, decays }: DecayOptions) =>
  new Set(
    weightDecay === 0
      ? []
      : parameters.filter(([name, parameter]) => decays(name, parameter)).map(([, parameter]) => parameter),
  );

const scalarAt = (rates: tf.Tensor1D, index: number): tf.Scalar => tf.reshape(tf.slice(rates, [index], [1]), []);

/**
 * Adam with decoupled weight decay.
 *
 * Source: Loshchilov and Hutter, "Decoupled Weight Decay Regularization" (2019), algorithm 2, in PyTorch's order:
 * θ ← θ (1 - lr · wd); θ ← θ - lr · m̂ / (√v̂ + ε). TensorFlow's kernel puts ε beside √v, hence the factor on it.
 */
export class AdamW implements Optimizer {
  readonly #first: Slots;
  readonly #second: Slots;
  readonly #decayed: ReadonlySet<Parameter>;

  constructor(
    parameters: Iterable<[string, Parameter]>,
    readonly options: AdamWOptions,
  ) {
    const list = [...parameters];
    this.#first = new Slots('firstMoment', list);
    this.#second = new Slots('secondMoment', list);
    this.#decayed = decayedOf(list, options);
  }

  *state(): Generator<[string, Variable]> {
    yield* this.#first;
    yield* this.#second;
  }

  rates(learningRate: number, t: number): Float32Array {
    const [beta1, beta2] = this.options.betas;
    const second = beta2 ** t;
    return Float32Array.of(
      learningRate,
      beta1 ** t,
      second,
      this.options.epsilon * Math.sqrt(1 - second),
      learningRate * this.options.weightDecay,
    );
  }

  update(gradients: readonly Gradient[], rates: tf.Tensor1D): void {
    const trace = activeTrace();
    const [beta1, beta2] = this.options.betas.map((beta) => tf.scalar(beta));
    const [learningRate, power1, power2, epsilon, decay] = [0, 1, 2, 3, 4].map((index) => scalarAt(rates, index));
    for (const [parameter, gradient] of gradients) {
      if (this.#decayed.has(parameter)) trace.subtract(parameter, tf.mul(parameter.read(), decay!));
      const variables = [parameter, this.#first.get(parameter), this.#second.get(parameter)];
      trace.apply('ResourceApplyAdam', variables, [
        power1!,
        power2!,
        learningRate!,
        beta1!,
        beta2!,
        epsilon!,
        gradient,
      ]);
    }
  }
}

/**
 * Gradient descent with momentum; decay is added to the gradient.
 *
 * Source: Sutskever et al., "On the importance of initialization and momentum in deep learning" (2013), in PyTorch's form,
 * where the velocity does not contain the learning rate.
 */
export class Sgd implements Optimizer {
  readonly #velocity: Slots;
  readonly #decayed: ReadonlySet<Parameter>;

  constructor(
    parameters: Iterable<[string, Parameter]>,
    readonly options: SgdOptions,
  ) {
    const list = [...parameters];
    this.#velocity = new Slots('velocity', list);
    this.#decayed = decayedOf(list, options);
  }

  state(): Iterable<[string, Variable]> {
    return this.#velocity;
  }

  rates(learningRate: number): Float32Array {
    return Float32Array.of(learningRate);
  }

  update(gradients: readonly Gradient[], rates: tf.Tensor1D): void {
    const trace = activeTrace();
    const learningRate = scalarAt(rates, 0);
    const momentum = tf.scalar(this.options.momentum);
    const nesterov = { name: 'use_nesterov', type: attributeTypes.bool, value: this.options.nesterov };
    for (const [parameter, gradient] of gradients) {
      const decayed = this.#decayed.has(parameter)
        ? tf.add(gradient, tf.mul(parameter.read(), this.options.weightDecay))
        : gradient;
      // The kernel's last inputs are "grad, momentum". The trace delays the last one, and with it the whole update.
      trace.apply(
        'ResourceApplyMomentum',
        [parameter, this.#velocity.get(parameter)],
        [learningRate, decayed, momentum],
        [nesterov],
      );
    }
  }
}
