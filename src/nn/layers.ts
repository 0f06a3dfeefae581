/** Layers: parameters with the operation that they are for. All maps are NHWC. */
import * as tf from '@tensorflow/tfjs-core';
import { type Initializer, kaimingNormal, ones, truncatedNormal, zeros } from './init.js';
import { type ForwardContext, Module, Parameter } from './module.js';
import { affineGelu, gelu } from './ops/activation.js';
import {
  type BatchNormInputs,
  type BatchNormTraining,
  batchNormInference,
  batchNormTraining,
  geluBatchNormTraining,
} from './ops/batchNorm.js';
import { conv2d, depthwiseConv2d } from './ops/convolution.js';
import { biasAdd, linear } from './ops/linear.js';
import { groupNorm, layerNorm } from './ops/normalisation.js';

export interface Conv2dOptions {
  /** Side in pixels. */
  readonly kernel: number;
  /** @default 1 */
  readonly stride?: number;
  /** Zeros on each side. @default ⌊kernel / 2⌋ with stride 1 or an odd kernel, else 0 */
  readonly padding?: number;
  /** @default Kaiming normal by fan-out */
  readonly init?: Initializer;
  /** First bias; false for none, where a normalisation follows that has its own. @default 0 */
  readonly bias?: Initializer | false;
}

/** A factor and a summand a channel, [C] each: what a normalisation with given statistics amounts to. */
export interface Affine {
  readonly scale: tf.Tensor1D;
  readonly shift: tf.Tensor1D;
}

/** Convolution, with bias or without. */
export class Conv2d extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter | undefined;
  readonly #stride: number;
  readonly #padding: number;

  constructor(inChannels: number, outChannels: number, options: Conv2dOptions) {
    super();
    const { kernel, stride = 1, bias = zeros } = options;
    this.#stride = stride;
    this.#padding = options.padding ?? (kernel % 2 === 1 ? (kernel - 1) / 2 : 0);
    const init = options.init ?? kaimingNormal(outChannels * kernel * kernel);
    this.weight = new Parameter([kernel, kernel, inChannels, outChannels], init);
    this.bias = bias ? new Parameter([outChannels], bias) : undefined;
  }

  /** [B, H, W, I] → [B, H', W', O]. */
  forward(x: tf.Tensor4D): tf.Tensor4D {
    return this.apply(x, this.filter(), this.bias?.read());
  }

  /** The same with another filter and bias. */
  apply(x: tf.Tensor4D, filter: tf.Tensor4D, bias: tf.Tensor1D | undefined): tf.Tensor4D {
    const [kernel, , inputs, outputs] = filter.shape;
    // A 1×1 convolution is a matrix product, and TensorFlow's gradients of that are faster.
    if (kernel === 1 && this.#stride === 1) return linear(x, tf.reshape(filter, [inputs, outputs]), bias);
    const y = conv2d(x, filter, { stride: this.#stride, padding: this.#padding });
    return bias === undefined ? y : biasAdd(y, bias);
  }

  /** [k, k, I, O] */
  filter(): tf.Tensor4D {
    return this.weight.read();
  }

  /** The filter, with each output channel times a factor: [O] → [k, k, I, O]. */
  scaledFilter(scale: tf.Tensor1D): tf.Tensor4D {
    return tf.mul(this.filter(), scale);
  }
}

/** The filter that gives its input back: [k, k, 1, 1], one in the centre. */
function identityFilter(kernel: number): tf.Tensor4D {
  const values = new Float32Array(kernel * kernel);
  values[(values.length - 1) / 2] = 1;
  return tf.tensor4d(values, [kernel, kernel, 1, 1]);
}

export interface DepthwiseConv2dOptions {
  /** Side in pixels. */
  readonly kernel: number;
  /** @default 1 */
  readonly stride?: number;
  /**
   * Adds the input to the result, by a one in the centre of the filter: no pass over the map of its own, forward or backward.
   * (TensorFlow 2.21's graph rewriter also breaks on depth-wise convolution, bias and addition in a row.)
   * @default false
   */
  readonly shortcut?: boolean;
}

/** One filter a channel, with bias. */
export class DepthwiseConv2d extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter;
  readonly #stride: number;
  readonly #padding: number;

  readonly #shortcut: boolean;

  constructor(channels: number, options: DepthwiseConv2dOptions) {
    super();
    const { kernel, stride = 1, shortcut = false } = options;
    this.#stride = stride;
    this.#shortcut = shortcut;
    this.#padding = stride === 1 ? (kernel - 1) / 2 : 0;
    // PyTorch counts the fan-out of a depth-wise filter over all channels, which makes it very small.
    this.weight = new Parameter([kernel, kernel, channels, 1], kaimingNormal(channels * kernel * kernel));
    this.bias = new Parameter([channels], zeros);
  }

  /** [B, H, W, C] → [B, H', W', C]. */
  forward(x: tf.Tensor4D): tf.Tensor4D {
    return this.apply(x, this.filter(), this.bias.read());
  }

  /** The same with another filter and bias. */
  apply(x: tf.Tensor4D, filter: tf.Tensor4D, bias: tf.Tensor1D): tf.Tensor4D {
    return biasAdd(depthwiseConv2d(x, filter, { stride: this.#stride, padding: this.#padding }), bias);
  }

  /** [k, k, C, 1], with the shortcut in it. */
  filter(): tf.Tensor4D {
    const weight = this.weight.read<tf.Tensor4D>();
    return this.#shortcut ? tf.add(weight, identityFilter(weight.shape[0])) : weight;
  }

  /** The filter, with each channel times a factor: [C] → [k, k, C, 1]. */
  scaledFilter(scale: tf.Tensor1D): tf.Tensor4D {
    return tf.mul(this.filter(), tf.reshape(scale, [-1, 1]));
  }
}

/** x · W + b on the last axis. */
export class Linear extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter;

  constructor(inputs: number, outputs: number) {
    super();
    this.weight = new Parameter([inputs, outputs], truncatedNormal(0.02));
    this.bias = new Parameter([outputs], zeros);
  }

  /**
   * [..., I] → [..., O].
   *
   * @param scale factor on the result, which costs nothing: it goes into the weights
   */
  forward<T extends tf.Tensor>(x: T, scale = 1): T {
    const weight = this.weight.read<tf.Tensor2D>();
    const bias = this.bias.read<tf.Tensor1D>();
    return scale === 1 ? linear(x, weight, bias) : linear(x, tf.mul(weight, scale), tf.mul(bias, scale));
  }
}

/** Batch normalisation; PyTorch's defaults, which CMT uses. */
export class BatchNorm extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter;
  readonly mean: Parameter;
  readonly variance: Parameter;
  /** Keeps and uses the running statistics even in training. */
  frozen = false;

  constructor(
    channels: number,
    readonly epsilon = 1e-5,
    readonly momentum = 0.1,
  ) {
    super();
    this.weight = new Parameter([channels], ones);
    this.bias = new Parameter([channels], zeros);
    this.mean = new Parameter([channels], zeros, 'statistic');
    this.variance = new Parameter([channels], ones, 'statistic');
  }

  /** Whether the statistics are those of the batch, and not the running ones. */
  usesBatch(ctx: ForwardContext): boolean {
    return ctx.training && !this.frozen;
  }

  /** What this layer amounts to where it does not use the batch. */
  affine(): Affine {
    const scale = tf.mul<tf.Tensor1D>(this.weight.read(), tf.rsqrt(tf.add(this.variance.read(), this.epsilon)));
    return { scale, shift: tf.sub(this.bias.read<tf.Tensor1D>(), tf.mul(this.mean.read(), scale)) };
  }

  /** [B, H, W, C] → [B, H, W, C]. */
  forward(x: tf.Tensor4D, ctx: ForwardContext): tf.Tensor4D {
    if (!this.usesBatch(ctx)) return batchNormInference(this.#inputs(x), this.epsilon);
    return batchNormTraining(this.#inputs(x), this.#training(x, ctx));
  }

  /** `forward(gelu(x))`, in one go. */
  forwardGelu(x: tf.Tensor4D, ctx: ForwardContext): tf.Tensor4D {
    if (!ctx.training) {
      const scale = ctx.prepared(this.weight, () => this.affine().scale);
      const shift = ctx.prepared(this.bias, () => this.affine().shift);
      return affineGelu(x, scale, shift);
    }
    return this.frozen ? this.forward(gelu(x), ctx) : geluBatchNormTraining(this.#inputs(x), this.#training(x, ctx));
  }

  #inputs(x: tf.Tensor4D): BatchNormInputs {
    return {
      x,
      weight: this.weight.read<tf.Tensor1D>(),
      bias: this.bias.read<tf.Tensor1D>(),
      mean: this.mean.read<tf.Tensor1D>(),
      variance: this.variance.read<tf.Tensor1D>(),
    };
  }

  #training(x: tf.Tensor4D, ctx: ForwardContext): BatchNormTraining {
    const { epsilon } = this;
    const momentum = ctx.momentum ?? this.momentum;
    const rows = x.size / x.shape[3];
    const update = (mean: tf.Tensor, variance: tf.Tensor) => {
      ctx.update(this.mean, mean, rows);
      ctx.update(this.variance, variance, rows);
    };
    const together = ctx.together?.syncStatistics ? ctx.together : undefined;
    return { epsilon, momentum, update, ...(together && { together }) };
  }
}

/** Convolution, then batch normalisation; with running statistics the second goes into the weights of the first. */
export function convNorm(
  conv: Conv2d | DepthwiseConv2d,
  norm: BatchNorm,
  x: tf.Tensor4D,
  ctx: ForwardContext,
): tf.Tensor4D {
  if (norm.usesBatch(ctx)) return norm.forward(conv.forward(x), ctx);
  const filter = ctx.prepared(conv.weight, () => conv.scaledFilter(norm.affine().scale));
  const bias = ctx.prepared(norm.bias, (): tf.Tensor1D => {
    const { scale, shift } = norm.affine();
    return conv.bias === undefined ? shift : tf.add(tf.mul(conv.bias.read<tf.Tensor1D>(), scale), shift);
  });
  return conv.apply(x, filter, bias);
}

/** Layer normalisation over channels. */
export class LayerNorm extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter;

  constructor(
    channels: number,
    readonly epsilon: number,
  ) {
    super();
    this.weight = new Parameter([channels], ones);
    this.bias = new Parameter([channels], zeros);
  }

  /** [M, C] → [M, C]. */
  forward(x: tf.Tensor2D): tf.Tensor2D {
    return layerNorm(x, this.weight.read<tf.Tensor1D>(), this.bias.read<tf.Tensor1D>(), this.epsilon);
  }
}

/** Group normalisation: the same in training and evaluation, whatever the batch. */
export class GroupNorm extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter;

  constructor(
    channels: number,
    readonly groups: number,
    readonly epsilon = 1e-5,
  ) {
    super();
    this.weight = new Parameter([channels], ones);
    this.bias = new Parameter([channels], zeros);
  }

  /** [B, H, W, C] → [B, H, W, C]. */
  forward(x: tf.Tensor4D): tf.Tensor4D {
    return groupNorm(x, this.weight.read(), this.bias.read(), this.groups, this.epsilon);
  }
}
