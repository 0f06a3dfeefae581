/** A one-stage detector: backbone, neck, and a head that all levels share. */
import type * as tf from '@tensorflow/tfjs-core';
import { pyramidLevels } from '../detection/anchors.js';
import type { Size } from '../geometry/size.js';
import { type ForwardContext, Module } from '../nn/module.js';
import type { Backbone } from './backbones/backbone.js';
import type { Fpn } from './fpn.js';
import type { DenseHead, LevelOutput } from './heads/denseHead.js';

export class DetectorNetwork<H extends DenseHead = DenseHead> extends Module {
  constructor(
    readonly backbone: Backbone,
    readonly neck: Fpn,
    readonly head: H,
  ) {
    super();
  }

  /** [B, H, W, 3], normalised → one output a level, fine to coarse. H and W are multiples of 32. */
  forward(x: tf.Tensor4D, ctx: ForwardContext): LevelOutput[] {
    return this.head.forward(this.neck.forward(this.backbone.forward(x, ctx)));
  }

  /** Multiply-accumulates for one picture. @param size in pixels; multiples of 32 */
  macs(size: Size): number {
    const cells = pyramidLevels(size, this.neck.strides).map(({ height, width }) => height * width);
    return this.backbone.macs(size) + this.neck.macs(cells) + this.head.macs(cells);
  }
}
