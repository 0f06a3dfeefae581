/** What pretraining asks of a network: a backbone, and what makes classes of its last map. */
import type * as tf from '@tensorflow/tfjs-core';
import type { Size } from '../../geometry/size.js';
import type { ForwardContext, Module } from '../../nn/module.js';
import type { Backbone } from '../backbones/backbone.js';

export interface ClassifierNetwork extends Module {
  readonly backbone: Backbone;
  /** [B, H, W, 3], normalised → logits [B, K]. H and W are multiples of 32. */
  forward(x: tf.Tensor4D, ctx: ForwardContext): tf.Tensor2D;
  /** Multiply-accumulates for one picture. @param size in pixels; multiples of 32 */
  macs(size: Size): number;
}
