/** What the heads have in common: a row of convolutions that all levels share. */
import type * as tf from '@tensorflow/tfjs-core';
import { normal } from '../../nn/init.js';
import { Conv2d, GroupNorm } from '../../nn/layers.js';
import { Module } from '../../nn/module.js';
import { relu } from '../../nn/ops/activation.js';

export interface BranchOptions {
  readonly channels: number;
  /** 3×3 convolutions. */
  readonly convs: number;
  readonly norm: 'none' | 'group';
}

const groups = 32;
export const headInit = normal(0.01);

/** The bias that gives every place this score before training. Source: Lin et al., "Focal Loss" (2017), §4.1. */
export const biasOfPrior = (probability: number): number => -Math.log((1 - probability) / probability);

/** Convolutions with ReLU, and normalisation between where asked for. */
export class Branch extends Module {
  readonly convs: Conv2d[];
  readonly norms: GroupNorm[];

  constructor(readonly options: BranchOptions) {
    super();
    const { channels, convs, norm } = options;
    this.convs = Array.from({ length: convs }, () => new Conv2d(channels, channels, { kernel: 3, init: headInit }));
    this.norms = norm === 'group' ? this.convs.map(() => new GroupNorm(channels, groups)) : [];
  }

  /** [B, H, W, C] → [B, H, W, C]. */
  forward(x: tf.Tensor4D): tf.Tensor4D {
    let y = x;
    for (const [i, conv] of this.convs.entries()) {
      y = conv.forward(y);
      y = relu(this.norms[i]?.forward(y) ?? y);
    }
    return y;
  }

  macsPerCell(): number {
    const { channels, convs } = this.options;
    return convs * 9 * channels ** 2;
  }
}
