/** The traced training step: loss, gradients, clipping, the watch for values that are not finite, update, running average. */
import * as tf from '@tensorflow/tfjs-core';
import { deal } from '../data/loading/shard.js';
import type { LossParts } from '../models/heads/denseHead.js';
import type { ForwardContext, Parameter, Together } from '../nn/module.js';
import type { Output } from '../tensorflow/api.js';
import { outputOf, rawOp, tensorOf } from '../tensorflow/backend.js';
import type { HostTensor } from '../tensorflow/hostTensor.js';
import type { Program } from '../tensorflow/program.js';
import { activeTrace } from '../tensorflow/trace.js';
import { Variable } from '../tensorflow/variable.js';
import { averageInBuckets } from './averaging.js';
import type { Ema } from './ema.js';
import type { Gradient, Optimizer } from './optimizer.js';
import type { Workers } from './workers.js';

export interface StepOptions<I extends string, P extends string> {
  readonly parameters: readonly [name: string, parameter: Parameter][];
  /** Records the forward pass for a batch. */
  readonly loss: (batch: Record<I, tf.Tensor>, ctx: ForwardContext) => LossParts<P>;
  readonly optimizer: Optimizer;
  /** Longest gradient, as an L2 norm over all parameters; null: any. */
  readonly clipNorm: number | null;
  /** Steps whose gradients are averaged for one update. */
  readonly accumulate: number;
  readonly ema: Ema | null;
  readonly seed: number;
  /** Those that make each step together, if there are several. Their variables are the same after each step, to the last bit. */
  readonly workers?: Workers | undefined;
  /** Whether batch normalisation takes its statistics from the parts of all workers. */
  readonly syncStatistics?: boolean;
}

/** How one batch is run. */
export interface StepRun {
  readonly learningRate: number;
  /** Number of the update that the batch belongs to, from 1. */
  readonly t: number;
  /** What random numbers depend on, besides the seed: another number for each batch of a run. */
  readonly draw: number;
  /** false for a batch whose gradient is only added up, before the one that updates. @default true */
  readonly update?: boolean;
  /** What the loss is multiplied by for differentiation alone; nothing in the result is scaled. @default null: not scaled */
  readonly lossScale?: number | null;
  /** What this worker says to the others; of several. */
  readonly told?: Told;
}

/** What workers tell each other with a batch, so that all of them do the same. */
export interface Told {
  /** A worker was asked to save and stop. */
  readonly stop: boolean;
  /** Since the run began, by worker 0's clock. */
  readonly seconds: number;
}

export interface StepResult<P extends string> {
  /** Sum of the parts; of several workers, as everything here, the mean. */
  readonly loss: number;
  readonly parts: Readonly<Record<P, number>>;
  /** L2 norm of the gradient, before clipping. */
  readonly gradientNorm: number;
  /** False when loss or gradient were not finite: then nothing has changed. */
  readonly finite: boolean;
  /** What all workers have told; null where there is one. */
  readonly told: Told | null;
}

const silence: Told = { stop: false, seconds: 0 };

/** Random numbers of a step. TensorFlow draws them from a seed, so that a resumed run draws the same ones. */
export class TrainingContext implements ForwardContext {
  readonly training = true;
  readonly together: Together | undefined;
  readonly #workers: Workers | undefined;
  readonly #statistics: [statistic: Parameter, value: Output][] = []; // kept as graph outputs, since tfjs disposes of the tensors
  #draws = 0;

  /** @param seed [2] int32: run and step */
  constructor(
    readonly seed: tf.Tensor1D,
    workers?: Workers,
    syncStatistics = false,
  ) {
    this.#workers = workers;
    this.together = workers && {
      count: workers.count,
      syncStatistics,
      mean: (x) => workers.statistics.mean(x),
      gather: (x) => workers.statistics.gather(x),
    };
  }

  /** Of several workers, each takes the numbers of its own pictures from those of the whole batch. */
  uniform(shape: readonly number[]): tf.Tensor {
    const [batch, ...rest] = shape;
    if (this.#workers === undefined || batch === undefined) return this.#draw(shape);
    const whole = batch * this.#workers.count;
    const rows = deal([...Array(whole).keys()], this.#workers);
    return tf.gather(this.#draw([whole, ...rest]), tf.tensor1d(rows, 'int32'));
  }

  #draw(shape: readonly number[]): tf.Tensor {
    const seed = tf.add(this.seed, tf.tensor1d([1009 * ++this.#draws, 0], 'int32')); // any odd spacing: draws must differ
    const dims = tf.tensor1d([...shape], 'int32');
    return rawOp('StatelessRandomUniform', [dims, seed], {
      dtype: { type: 'float32' },
      T: { type: 'int32' },
      Tseed: { type: 'int32' },
    });
  }

  prepared<T extends tf.Tensor>(_of: Parameter, value: () => T): T {
    return value(); // weights change with every step
  }

  update(statistic: Parameter, value: tf.Tensor, _rows: number): void {
    if (this.together === undefined || this.together.syncStatistics) statistic.assign(value);
    else this.#statistics.push([statistic, outputOf(value)]);
  }

  /** Plans the updates of statistics that each worker has from its own part: they take the mean. To be called once, at the end. */
  finish(): void {
    if (this.#workers === undefined || this.#statistics.length === 0) return;
    const values = this.#statistics.map(([, value]) => tensorOf(value));
    for (const [i, mean] of averageInBuckets(values, this.#workers.gradients).entries())
      this.#statistics[i]![0].assign(mean);
  }
}

/** L2 norm over all gradients together. */
function globalNorm(gradients: readonly Gradient[]): tf.Scalar {
  const halves = gradients.map(([, gradient]) => rawOp<tf.Scalar>('L2Loss', [gradient])); // Σ g² / 2
  return tf.sqrt(tf.mul(tf.addN(halves), 2));
}

/** Means over the workers, by name, in one exchange. */
function meanOfScalars(scalars: Readonly<Record<string, tf.Tensor>>, workers: Workers): Record<string, tf.Tensor> {
  const means = tf.unstack(workers.gradients.mean(tf.stack(Object.values(scalars))));
  return Object.fromEntries(Object.keys(scalars).map((name, i) => [name, means[i]!]));
}

function meanOfGradients(gradients: readonly Gradient[], workers: Workers): Gradient[] {
  const means = averageInBuckets(
    gradients.map(([, gradient]) => gradient),
    workers.gradients,
  );
  return gradients.map(([parameter], i): Gradient => [parameter, means[i]!]);
}

/** Makes the training step of a model. One instance serves all batch shapes. */
export class TrainStep<I extends string, P extends string> {
  readonly #options: StepOptions<I, P>;
  readonly #sums: Map<Parameter, Variable>;
  readonly #run: (inputs: Record<string, HostTensor>) => Promise<Record<string, HostTensor>>;
  readonly #collect: (inputs: Record<string, HostTensor>) => Promise<Record<string, HostTensor>>;
  /** How many batches of the current group are in the sums; 0: the sums are still those of the group before. */
  #collected = 0;

  constructor(program: Program, options: StepOptions<I, P>) {
    this.#options = options;
    const trained = options.parameters.filter(([, parameter]) => parameter.trainable).map(([, parameter]) => parameter);
    this.#sums = new Map(
      options.accumulate > 1 ? trained.map((parameter) => [parameter, new Variable(parameter.shape)]) : [],
    );
    this.#run = program.compile((inputs) => this.#trace(inputs, trained, true));
    this.#collect = program.compile((inputs) => this.#trace(inputs, trained, false));
  }

  /** Runs one batch. Its arrays have been copied when the promise is returned. */
  async run(batch: Readonly<Record<I, HostTensor>>, how: StepRun): Promise<StepResult<P>> {
    const { learningRate, t, draw, update = true, lossScale = null, told = silence } = how;
    const rates = this.#options.optimizer.rates(learningRate, t);
    const fed = {
      ...batch,
      'step/rates': { data: rates, shape: [rates.length] },
      'step/seed': { data: Int32Array.of(this.#options.seed, draw), shape: [2] },
      'step/collected': { data: Float32Array.of(this.#collected), shape: [] },
      ...(lossScale === null ? {} : { 'step/lossScale': { data: Float32Array.of(lossScale), shape: [] } }),
      ...(this.#options.workers && { 'step/told': this.#toTell(told) }),
    };
    const results = await (update ? this.#run(fed) : this.#collect(fed));
    const number = (name: string) => Number(results[name]!.data[0]);
    const parts = Object.keys(results)
      .filter((name) => name.startsWith('part/'))
      .map((name) => [name.slice(5), number(name)]);
    const finite = number('finite') === 1;
    if (update) this.#collected = 0;
    else if (finite) this.#collected++;
    return {
      loss: number('loss'),
      parts: Object.fromEntries(parts),
      gradientNorm: number('gradientNorm'),
      finite,
      told: this.#options.workers ? { stop: number('told/stop') > 0, seconds: number('told/seconds') } : null,
    };
  }

  /** In such a form that the mean over the workers is what all shall know. */
  #toTell({ stop, seconds }: Told): HostTensor {
    const { index, count } = this.#options.workers!;
    return { data: Float32Array.of(stop ? 1 : 0, index === 0 ? seconds * count : 0), shape: [2] };
  }

  /** Leaves the gradients out that wait for an update. */
  forget(): void {
    this.#collected = 0;
  }

  #trace(inputs: Record<string, tf.Tensor>, trained: readonly Parameter[], update: boolean): Record<string, tf.Tensor> {
    const { optimizer, clipNorm, ema, accumulate, workers, syncStatistics } = this.#options;
    const {
      'step/rates': rates,
      'step/seed': seed,
      'step/collected': collected,
      'step/lossScale': lossScale,
      'step/told': told,
      ...batch
    } = inputs;
    const ctx = new TrainingContext(seed as tf.Tensor1D, workers, syncStatistics);
    // Kept as graph outputs, since tfjs disposes of everything that the differentiated function does not return.
    let parts: [name: string, part: Output][] = [];
    const { value, grads } = tf.valueAndGrads(() => {
      const scalars = Object.entries<tf.Scalar>(this.#options.loss(batch as Record<I, tf.Tensor>, ctx));
      parts = scalars.map(([name, part]) => [name, outputOf(part)]);
      const sum = tf.addN(scalars.map(([, part]) => part)) as tf.Scalar;
      return lossScale === undefined ? sum : (tf.mul(sum, lossScale) as tf.Scalar);
    })(trained.map((parameter) => parameter.read()));
    const unscaled = <T extends tf.Tensor>(x: T): T => (lossScale === undefined ? x : tf.div(x, lossScale));
    // A parameter that the loss does not reach has no gradient.
    const reached = trained
      .map((parameter, i) => [parameter, grads[i]] as const)
      .filter((pair): pair is Gradient => pair[1] !== undefined);
    // Numbers of tensors rise: the order of this list is the one in which the backward pass has them ready.
    if (workers !== undefined) reached.sort(([, a], [, b]) => a.id - b.id);
    let gradients = reached.map(([parameter, gradient]): Gradient => [parameter, unscaled(gradient)]);
    if (accumulate > 1) gradients = this.#average(gradients, collected as tf.Scalar, update);

    let scalars: Record<string, tf.Tensor> = { loss: unscaled(value) };
    for (const [name, part] of parts) scalars[`part/${name}`] = tensorOf(part);
    for (const [i, name] of ['stop', 'seconds'].entries())
      if (told !== undefined) scalars[`told/${name}`] = tf.squeeze(tf.slice(told, [i], [1]));
    if (workers !== undefined && update) {
      scalars = meanOfScalars(scalars, workers);
      gradients = meanOfGradients(gradients, workers);
    }
    scalars.gradientNorm = globalNorm(gradients);
    if (workers !== undefined && !update) scalars = meanOfScalars(scalars, workers);
    ctx.finish();

    // What is not finite on one worker is not in the mean either, so all of them leave the step out.
    const { loss, gradientNorm: norm } = scalars as Record<'loss' | 'gradientNorm', tf.Scalar>;
    const finite = tf.logicalAnd(tf.isFinite(loss), tf.isFinite(norm));
    const trace = activeTrace();
    trace.onlyIf(finite);
    if (update) {
      const scale = clipNorm === null ? undefined : tf.minimum(1, tf.div(clipNorm, tf.maximum(norm, 1e-12)));
      const clipped =
        scale === undefined ? gradients : gradients.map(([parameter, g]): Gradient => [parameter, tf.mul(g, scale)]);
      optimizer.update(clipped, rates as tf.Tensor1D);
      if (ema !== null) trace.afterUpdates(() => ema.update());
    }
    return { ...scalars, finite: tf.cast(finite, 'float32') };
  }

  /** Adds this batch to the sums, or for an update gives their mean. `collected` is how many batches of the group they hold. */
  #average(gradients: readonly Gradient[], collected: tf.Scalar, update: boolean): Gradient[] {
    const carry = tf.minimum(collected, 1);
    const batches = tf.add(collected, 1);
    return gradients.map(([parameter, gradient]): Gradient => {
      const sum = this.#sums.get(parameter)!;
      const total = tf.add(tf.mul(sum.read(), carry), gradient);
      if (update) return [parameter, tf.div(total, batches)];
      sum.assign(total);
      return [parameter, gradient];
    });
  }
}
