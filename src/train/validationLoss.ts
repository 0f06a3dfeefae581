/** The loss on a val set. */
import * as tf from '@tensorflow/tfjs-core';
import type { LossParts } from '../models/heads/denseHead.js';
import { type ForwardContext, inference, type Module } from '../nn/module.js';
import type { EngineOptions } from '../tensorflow/config.js';
import type { HostTensor } from '../tensorflow/hostTensor.js';
import { type Compiled, Program } from '../tensorflow/program.js';

/** Pictures, and the sum of their losses: those of several workers can be added up. */
export interface LossSum {
  readonly sum: number;
  readonly count: number;
}

/**
 * Measures a network as it is in use: running statistics, nothing dropped. A batch counts by its distinct pictures; where a loss is
 * a mean over the foreground of a batch, so is this.
 */
export class ValidationLoss {
  readonly #model: Module;
  readonly #program: Program;
  readonly #run: Compiled<string, 'loss'>;
  #isPushed = false;

  /** @param loss records the loss of what is fed */
  constructor(
    model: Module,
    loss: (inputs: Readonly<Record<string, tf.Tensor>>, ctx: ForwardContext) => LossParts<string>,
    engine: EngineOptions,
  ) {
    this.#model = model;
    this.#program = new Program(engine);
    this.#run = this.#program.compile((inputs: Record<string, tf.Tensor>) => ({
      loss: Object.values(loss(inputs, inference)).reduce((sum, part) => tf.add(sum, part)),
    }));
  }

  /** The loss with the present values of the model's parameters. @param feed of a batch */
  async measure<Batch extends { readonly distinct: number }>(
    batches: AsyncIterable<Batch>,
    feed: (batch: Batch) => Readonly<Record<string, HostTensor>>,
  ): Promise<LossSum> {
    if (this.#isPushed) await this.#program.push([...this.#model.parameters()].map(([, parameter]) => parameter));
    this.#isPushed = true;
    let [sum, count] = [0, 0];
    for await (const batch of batches) {
      const { loss } = await this.#run(feed(batch));
      sum += Number(loss.data[0]) * batch.distinct;
      count += batch.distinct;
    }
    return { sum, count };
  }

  dispose(): Promise<void> {
    return this.#program.dispose();
  }
}

/** The mean over the pictures of all parts; null where there are none. */
export function meanLoss(parts: readonly LossSum[]): number | null {
  const count = parts.reduce((total, part) => total + part.count, 0);
  return count === 0 ? null : parts.reduce((total, part) => total + part.sum, 0) / count;
}
