/** Statistics of batch normalisation, estimated anew for weights that no longer change. */
import * as tf from '@tensorflow/tfjs-core';
import type { Config } from '../config/schema.js';
import { UsageError } from '../errors.js';
import { BatchNorm } from '../nn/layers.js';
import { type Module, modulesOf, type Parameter } from '../nn/module.js';
import type { Output } from '../tensorflow/api.js';
import { outputOf, tensorOf } from '../tensorflow/backend.js';
import { Program } from '../tensorflow/program.js';
import { engineOptions } from './engineOptions.js';
import { TrainingContext } from './step.js';
import type { Task } from './task.js';

export interface EstimationOptions {
  readonly config: Pick<Config, 'engine' | 'train'>;
  /** Batches that are looked at; all of an epoch where it has fewer. */
  readonly batches: number;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/**
 * Weights with statistics over the pictures of the first epoch's batches, as training makes them: what running averages stand for,
 * without their memory of earlier weights.
 *
 * Source: "precise BN" of Wu and Johnson, "Rethinking 'Batch' in BatchNorm" (2021), §3. Batches are pooled by their size, so that mean and
 * (unbiased) variance are those of all numbers of a channel together.
 *
 * @param values weights by parameter name; they are put into the task's model
 * @throws UsageError when the network has no statistics of its own: it normalises otherwise, or they are frozen
 */
export async function estimateStatistics<Batch>(
  task: Task<Batch>,
  values: ReadonlyMap<string, Float32Array>,
  { config, batches, onProgress = () => {} }: EstimationOptions,
): Promise<Map<string, Float32Array>> {
  const norms = learntNorms(task.model);
  const names = new Map([...task.model.parameters()].map(([name, parameter]) => [parameter, name]));
  for (const [parameter, name] of names) parameter.value = values.get(name)!;

  const pools = norms.map(({ mean }) => new Pool(mean.size));
  const total = Math.min(batches, task.batchesPerEpoch(0));
  const program = new Program(engineOptions(config.engine));
  const run = program.compile(({ seed, ...fed }: Record<string, tf.Tensor>) => {
    const ctx = new StatisticsContext(seed as tf.Tensor1D);
    task.loss(fed, ctx);
    return Object.fromEntries(
      norms.flatMap(({ mean, variance }, i) => {
        const rows = tf.scalar(ctx.rowsOf(mean));
        return [
          [`${i}/mean`, ctx.statistic(mean)],
          [`${i}/variance`, ctx.statistic(variance)],
          [`${i}/rows`, rows],
        ];
      }),
    );
  });
  try {
    let done = 0;
    for await (const batch of task.batches(0, 0)) {
      const seed = { data: Int32Array.of(config.train.seed, done), shape: [2] };
      const found = await run({ ...task.feed(batch), seed });
      for (const [i, pool] of pools.entries()) {
        const [mean, variance, rows] = ['mean', 'variance', 'rows'].map((name) => found[`${i}/${name}`]!.data);
        pool.add(mean as Float32Array, variance as Float32Array, Number(rows![0]));
      }
      onProgress(++done, total);
      if (done >= total) break;
    }
  } finally {
    await program.dispose();
  }
  const estimated = new Map(values);
  for (const [i, { mean, variance }] of norms.entries()) {
    estimated.set(names.get(mean)!, pools[i]!.mean);
    estimated.set(names.get(variance)!, pools[i]!.variance);
  }
  return estimated;
}

/** @throws UsageError when a network has no statistics of its own: it normalises otherwise, or they are frozen */
export function learntNorms(model: Module): BatchNorm[] {
  const norms = [...modulesOf(model, BatchNorm)].filter(({ frozen }) => !frozen);
  if (norms.length === 0) throw new UsageError('the network has no batch normalisation whose statistics are learnt');
  return norms;
}

/** Training, but that statistics are those of the batch alone, and are kept instead of assigned. */
class StatisticsContext extends TrainingContext {
  readonly momentum = 1;
  readonly #seen = new Map<Parameter, { readonly value: Output; readonly rows: number }>();

  override update(statistic: Parameter, value: tf.Tensor, rows: number): void {
    this.#seen.set(statistic, { value: outputOf(value), rows });
  }

  statistic(parameter: Parameter): tf.Tensor {
    return tensorOf(this.#seen.get(parameter)!.value);
  }

  rowsOf(parameter: Parameter): number {
    return this.#seen.get(parameter)!.rows;
  }
}

/**
 * Mean and unbiased variance of each channel over several batches.
 *
 * Source: Chan, Golub and LeVeque, "Updating Formulae and a Pairwise Algorithm for Computing Sample Variances" (1979), (2.1).
 */
class Pool {
  #rows = 0;
  readonly #mean: Float64Array;
  /** Sums of squared distances from the mean. */
  readonly #squares: Float64Array;

  constructor(channels: number) {
    this.#mean = new Float64Array(channels);
    this.#squares = new Float64Array(channels);
  }

  /** @param variance unbiased, of so many rows */
  add(mean: Float32Array, variance: Float32Array, rows: number): void {
    const all = this.#rows + rows;
    for (const [c, value] of mean.entries()) {
      const apart = value - this.#mean[c]!;
      this.#mean[c]! += (apart * rows) / all;
      this.#squares[c]! += variance[c]! * (rows - 1) + (apart * apart * this.#rows * rows) / all;
    }
    this.#rows = all;
  }

  get mean(): Float32Array {
    return Float32Array.from(this.#mean);
  }

  get variance(): Float32Array {
    return Float32Array.from(this.#squares, (sum) => sum / Math.max(this.#rows - 1, 1));
  }
}
