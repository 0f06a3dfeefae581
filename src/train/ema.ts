/** A running average of the weights, which is what gets measured and saved. */
import * as tf from '@tensorflow/tfjs-core';
import type { Parameter } from '../nn/module.js';
import { activeTrace } from '../tensorflow/trace.js';
import { Variable } from '../tensorflow/variable.js';

/**
 * e ← d e + (1 - d) θ after each update, for weights and running statistics alike, beginning at the first weights.
 *
 * Source: Polyak and Juditsky (1992); without the warm-up that some have, as the CMT authors' code (timm's ModelEma).
 */
export class Ema {
  readonly #averages: Map<Parameter, Variable>;
  readonly #names: Map<Parameter, string>;

  constructor(
    parameters: readonly [name: string, parameter: Parameter][],
    readonly decay: number,
  ) {
    this.#averages = new Map(
      parameters.map(([, parameter]) => [parameter, new Variable(parameter.shape, () => parameter.value.slice())]),
    );
    this.#names = new Map(parameters.map(([name, parameter]) => [parameter, name]));
  }

  /** Plans the update; to be called where variables read as they are after the step. */
  update(): void {
    const trace = activeTrace();
    for (const [parameter, average] of this.#averages) {
      trace.subtract(average, tf.mul(tf.sub(average.read(), parameter.read()), 1 - this.decay));
    }
  }

  /** The averages by the names of their parameters. */
  *[Symbol.iterator](): Generator<[name: string, variable: Variable]> {
    for (const [parameter, average] of this.#averages) yield [this.#names.get(parameter)!, average];
  }

  /** The average of a parameter. */
  of(parameter: Parameter): Variable {
    return this.#averages.get(parameter)!;
  }
}
