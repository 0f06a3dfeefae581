/** The CMT classifier, for pretraining. */
import * as tf from '@tensorflow/tfjs-core';
import type { Size } from '../../geometry/size.js';
import { BatchNorm, Conv2d, convNorm, Linear } from '../../nn/layers.js';
import { type ForwardContext, Module } from '../../nn/module.js';
import { silu } from '../../nn/ops/activation.js';
import { dropout } from '../../nn/ops/drop.js';
import { type Backbone, cellsAt } from '../backbones/backbone.js';
import type { ClassifierNetwork } from './classifierNetwork.js';

export interface CmtClassifierOptions {
  readonly classes: number;
  /** Width between the last map and the classes. @default 1280 */
  readonly headChannels?: number;
  /** Dropout rate before the last layer. @default 0 */
  readonly headDropout?: number;
}

/** Backbone, 1×1 convolution, batch normalisation, SiLU, mean over the map, linear layer; the order as released. */
export class CmtClassifier<B extends Backbone = Backbone> extends Module implements ClassifierNetwork {
  readonly expand: Conv2d;
  readonly expandNorm: BatchNorm;
  readonly head: Linear;

  constructor(
    readonly backbone: B,
    readonly options: CmtClassifierOptions,
  ) {
    super();
    const width = options.headChannels ?? 1280;
    this.expand = new Conv2d(backbone.channels[3], width, { kernel: 1 });
    this.expandNorm = new BatchNorm(width);
    this.head = new Linear(width, options.classes);
  }

  forward(x: tf.Tensor4D, ctx: ForwardContext): tf.Tensor2D {
    const c5 = this.backbone.forward(x, ctx)[3];
    const map = silu(convNorm(this.expand, this.expandNorm, c5, ctx)); // [B, H/32, W/32, W]
    const pooled = dropout(tf.mean<tf.Tensor2D>(map, [1, 2]), this.options.headDropout ?? 0, ctx); // [B, W]
    return this.head.forward(pooled);
  }

  macs(size: Size): number {
    const [inputs, width] = [this.backbone.channels[3], this.options.headChannels ?? 1280];
    return this.backbone.macs(size) + cellsAt(size, 32) * inputs * width + width * this.options.classes;
  }
}
