/** Batch normalisation, alone and after GELU. */
import * as tf from '@tensorflow/tfjs-core';
import { rawOps } from '../../tensorflow/backend.js';
import { fuse, fuses } from '../../tensorflow/fuse.js';
import type { Together } from '../module.js';
import { gelu, geluSlope, geluValue } from './activation.js';
import { withGradient } from './gradient.js';
import { sumToLast } from './linear.js';

export interface BatchNormInputs {
  /** [B, H, W, C] */
  readonly x: tf.Tensor4D;
  /** [C], as are the others */
  readonly weight: tf.Tensor1D;
  readonly bias: tf.Tensor1D;
  readonly mean: tf.Tensor1D;
  readonly variance: tf.Tensor1D;
}

export interface BatchNormTraining {
  readonly epsilon: number;
  /** Weight of this batch in the running statistics. */
  readonly momentum: number;
  /** Takes the new running mean and variance. */
  readonly update: (mean: tf.Tensor, variance: tf.Tensor) => void;
  /** Workers whose parts of the batch have their statistics in common. Default: this part has its own. */
  readonly together?: Pick<Together, 'count' | 'mean' | 'gather'>;
}

/**
 * [B, H, W, C] normalised with the statistics of this batch.
 *
 * Source: Ioffe and Szegedy, "Batch Normalization" (2015), §3; as PyTorch, the running variance takes the unbiased estimate.
 */
export function batchNormTraining(inputs: BatchNormInputs, options: BatchNormTraining): tf.Tensor4D {
  return inPasses(inputs, options) ? normaliseInPasses(inputs, options, nothing) : normaliseByKernel(inputs, options);
}

/** {@link batchNormTraining} of gelu(x), which keeps x alone for the backward pass. */
export function geluBatchNormTraining(inputs: BatchNormInputs, options: BatchNormTraining): tf.Tensor4D {
  if (inPasses(inputs, options)) return normaliseInPasses(inputs, options, geluFirst);
  return normaliseByKernel({ ...inputs, x: gelu(inputs.x) }, options);
}

/** TensorFlow's kernel knows nothing of other workers. */
const inPasses = ({ x }: BatchNormInputs, { together }: BatchNormTraining) => fuses(x.size) || together !== undefined;

const attributes = (epsilon: number, training: boolean) =>
  ({ T: { type: 'float32' }, U: { type: 'float32' }, epsilon: { float: epsilon }, is_training: training }) as const;

/** By TensorFlow's kernel. */
function normaliseByKernel(
  { x, weight, bias, mean, variance }: BatchNormInputs,
  { epsilon, momentum, update }: BatchNormTraining,
): tf.Tensor4D {
  return withGradient(
    [x, weight, bias] as const,
    (keep) => {
      const forward = { ...attributes(epsilon, true), exponential_avg_factor: { float: momentum } };
      const outputs = rawOps('FusedBatchNormV3', [x, weight, bias, mean, variance], forward, 6);
      const [y, newMean, newVariance, ...reserved] = outputs as [
        tf.Tensor4D,
        tf.Tensor,
        tf.Tensor,
        tf.Tensor,
        tf.Tensor,
        tf.Tensor,
      ];
      update(newMean, newVariance);
      keep(x, weight, ...reserved);
      return y;
    },
    (dy, [input, scale, ...reserved]) => {
      const grads = rawOps('FusedBatchNormGradV3', [dy, input!, scale!, ...reserved], attributes(epsilon, true), 5);
      return [grads[0]!, grads[1]!, grads[2]!];
    },
  );
}

/** What is done to a number before it is normalised, and its derivative. */
interface Before {
  readonly name: string;
  value(x: tf.Tensor): tf.Tensor;
  /** The gradient of `value` applied to that of its result. */
  backward(dy: tf.Tensor, x: tf.Tensor): tf.Tensor;
}

const nothing: Before = { name: '', value: (x) => x, backward: (dy) => dy };
const geluFirst: Before = { name: 'gelu', value: geluValue, backward: (dy, x) => tf.mul(dy, geluSlope(x)) };

/**
 * In few passes over memory, each compiled: on a CPU several times as fast as TensorFlow's kernels, which are slow where the
 * number of channels is not a multiple of their vectors.
 */
function normaliseInPasses(
  { x, weight, bias, mean: runningMean, variance: runningVariance }: BatchNormInputs,
  { epsilon, momentum, update, together }: BatchNormTraining,
  before: Before,
): tf.Tensor4D {
  const channels = x.shape[3];
  const rows = x.size / channels; // M
  const allRows = rows * (together?.count ?? 1);
  const flat = (map: tf.Tensor) => tf.reshape(map, [rows, channels]);
  return withGradient(
    [x, weight, bias] as const,
    (keep) => {
      const y = before === nothing ? flat(x) : fuse(before.name, [flat(x)] as const, (x) => [before.value(x)])[0]!;
      const ownMean = tf.div(sumToLast(y), rows);
      const [ownVariance] = fuse('columnVariance', [y, ownMean] as const, (y, mean) => {
        return [tf.div(tf.sum(tf.square(tf.sub(y, mean)), 0), y.shape[0]!)] as const;
      });
      const [mean, variance] = together ? ofAllParts(ownMean, ownVariance, together) : [ownMean, ownVariance];
      const statistics = [mean, variance, weight, runningMean, runningVariance] as const;
      const [scale, inverse, newMean, newVariance] = fuse(
        'batchNormFactors',
        statistics,
        (mean, variance, weight, runningMean, runningVariance, { allRows, epsilon, momentum }) => {
          const inverse = tf.rsqrt(tf.add(variance, epsilon));
          const unbiased = tf.mul(variance, allRows / Math.max(allRows - 1, 1));
          const moved = (running: tf.Tensor, now: tf.Tensor) =>
            tf.add(tf.mul(running, 1 - momentum), tf.mul(now, momentum));
          return [
            tf.mul(weight, inverse),
            inverse,
            moved(runningMean, mean),
            moved(runningVariance, unbiased),
          ] as const;
        },
        { allRows, epsilon, momentum },
      );
      update(newMean, newVariance);
      keep(x, weight, mean, inverse);
      const [normal] = fuse('batchNorm', [y, mean, scale, bias] as const, (y, mean, scale, bias) => {
        return [tf.add(tf.mul(tf.sub(y, mean), scale), bias)] as const;
      });
      return tf.reshape(normal, x.shape);
    },
    (dy4, kept) => {
      const [x4, weight, mean, inverse] = kept as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
      const [x, dy] = [flat(x4), flat(dy4)];
      const ownSum = sumToLast(dy);
      const [ownProduct] = fuse(`${before.name}ColumnProduct`, [dy, x, mean] as const, (dy, x, mean) => {
        return [tf.sum(tf.mul(dy, tf.sub(before.value(x), mean)), 0)] as const;
      });
      // Means of the workers' sums, over this part's rows: what the sums would be if all parts were like their mean.
      const [sum, product] = together
        ? (tf.unstack(together.mean(tf.stack([ownSum, ownProduct]))) as [tf.Tensor, tf.Tensor])
        : [ownSum, ownProduct];
      const [dWeight, a, b, c] = fuse(
        'batchNormGradFactors',
        [sum, product, weight, inverse] as const,
        (sum, product, weight, inverse, { rows }) => {
          const dWeight = tf.mul(product, inverse);
          const a = tf.mul(weight, inverse);
          const perRow = tf.div(a, -rows);
          return [dWeight, a, tf.mul(perRow, tf.mul(dWeight, inverse)), tf.mul(perRow, sum)] as const;
        },
        { rows },
      );
      const [dx] = fuse(`${before.name}BatchNormGrad`, [dy, x, mean, a, b, c] as const, (dy, x, mean, a, b, c) => {
        const centred = tf.sub(before.value(x), mean);
        return [before.backward(tf.add(tf.add(tf.mul(dy, a), tf.mul(centred, b)), c), x)] as const;
      });
      return [tf.reshape(dx, x4.shape), dWeight, sum];
    },
  );
}

/** [C] mean and variance over all workers' parts, which are equally large, from those of this one. */
function ofAllParts(
  ownMean: tf.Tensor,
  ownVariance: tf.Tensor,
  { count, gather }: Pick<Together, 'count' | 'gather'>,
): [mean: tf.Tensor, variance: tf.Tensor] {
  const all = gather(tf.reshape(tf.stack([ownMean, ownVariance]), [1, 2, ownMean.size]));
  const [means, variances] = tf.unstack(tf.reshape(all, [count, 2, ownMean.size]), 1) as [tf.Tensor, tf.Tensor]; // [count, C]
  const mean = tf.mean(means, 0);
  return [mean, tf.mean(tf.add(variances, tf.square(tf.sub(means, mean))), 0)];
}

/** [B, H, W, C] normalised with given statistics, which get no gradient. */
export function batchNormInference({ x, weight, bias, mean, variance }: BatchNormInputs, epsilon: number): tf.Tensor4D {
  return withGradient(
    [x, weight, bias] as const,
    (keep) => {
      keep(x, weight, mean, variance);
      return rawOps(
        'FusedBatchNormV3',
        [x, weight, bias, mean, variance],
        attributes(epsilon, false),
        6,
      )[0] as tf.Tensor4D;
    },
    (dy, [input, scale, runningMean, runningVariance]) => {
      const unused = tf.zeros([0]);
      const inputs = [dy, input!, scale!, runningMean!, runningVariance!, unused];
      const grads = rawOps('FusedBatchNormGradV3', inputs, attributes(epsilon, false), 5);
      return [grads[0]!, grads[1]!, grads[2]!];
    },
  );
}
