/** The classifier that ResNet was published with. */
import * as tf from '@tensorflow/tfjs-core';
import type { Size } from '../../geometry/size.js';
import { Linear } from '../../nn/layers.js';
import { type ForwardContext, Module } from '../../nn/module.js';
import { dropout } from '../../nn/ops/drop.js';
import type { Backbone } from '../backbones/backbone.js';
import type { ClassifierNetwork } from './classifierNetwork.js';

export interface LinearClassifierOptions {
  readonly classes: number;
  /** Dropout rate before the last layer. @default 0 */
  readonly dropout?: number;
}

/** Backbone, mean over the last map, linear layer. Source: He et al. (2016), §3.3. */
export class LinearClassifier extends Module implements ClassifierNetwork {
  readonly head: Linear;

  constructor(
    readonly backbone: Backbone,
    readonly options: LinearClassifierOptions,
  ) {
    super();
    this.head = new Linear(backbone.channels[3], options.classes);
  }

  forward(x: tf.Tensor4D, ctx: ForwardContext): tf.Tensor2D {
    const c5 = this.backbone.forward(x, ctx)[3];
    const pooled = dropout(tf.mean<tf.Tensor2D>(c5, [1, 2]), this.options.dropout ?? 0, ctx); // [B, C]
    return this.head.forward(pooled);
  }

  macs(size: Size): number {
    return this.backbone.macs(size) + this.backbone.channels[3] * this.options.classes;
  }
}
