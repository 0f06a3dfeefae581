/** The neck: maps with the same number of channels at all levels, where what coarse maps have recognised is added to the finer ones. */
import * as tf from '@tensorflow/tfjs-core';
import { xavierUniform } from '../nn/init.js';
import { Conv2d } from '../nn/layers.js';
import { Module } from '../nn/module.js';
import { relu } from '../nn/ops/activation.js';
import { resizeNearest } from '../nn/ops/resize.js';
import type { PerStage, StageMaps } from './backbones/backbone.js';

export interface FpnOptions {
  /** Channels of C2 … C5. */
  readonly inChannels: PerStage<number>;
  readonly channels: number;
  /** Finest level: 3 for P3. */
  readonly firstLevel: number;
  /** Coarsest level: 7 for P7. */
  readonly lastLevel: number;
  /** What P6 is made from. @default 'c5' */
  readonly extraFrom?: 'c5' | 'p5';
  /** Rectify before the convolution that makes P7. @default false */
  readonly extraRelu?: boolean;
}

const conv = (inChannels: number, channels: number, kernel: 1 | 3, stride = 1) =>
  new Conv2d(inChannels, channels, {
    kernel,
    stride,
    init: xavierUniform(inChannels * kernel * kernel, channels * kernel * kernel),
  });

/**
 * Feature pyramid network with extra levels: P6 from C5 or P5, and P7 from P6.
 *
 * Source: Lin et al., "Feature Pyramid Networks for Object Detection" (2017). The extra levels of mmdet's RetinaNet are the
 * default (`add_extra_convs='on_input'`); the RetinaNet paper has the ReLU before P7, mmdet's FCOS that and P6 from P5.
 */
export class Fpn extends Module {
  /** 1×1, for each of C(first) … C5. */
  readonly laterals: Conv2d[];
  /** 3×3, for each of P(first) … P5. */
  readonly outputs: Conv2d[];
  /** 3×3 with stride 2, for P6 and on. */
  readonly extras: Conv2d[];

  constructor(readonly options: FpnOptions) {
    super();
    const { channels, firstLevel, lastLevel } = options;
    const used = options.inChannels.slice(firstLevel - 2);
    this.laterals = used.map((from) => conv(from, channels, 1));
    this.outputs = used.map(() => conv(channels, channels, 3));
    this.extras = Array.from({ length: Math.max(lastLevel - 5, 0) }, (_, i) =>
      conv(i === 0 ? this.#extraChannels : channels, channels, 3, 2),
    );
  }

  /** Input pixels a cell of the levels, fine to coarse. */
  get strides(): number[] {
    const { firstLevel, lastLevel } = this.options;
    return Array.from({ length: lastLevel - firstLevel + 1 }, (_, i) => 2 ** (firstLevel + i));
  }

  /** C2 … C5 → P(first) … P(last), [B, ⌈H/s⌉, ⌈W/s⌉, channels] each. */
  forward(features: StageMaps): tf.Tensor4D[] {
    const { firstLevel, extraFrom = 'c5', extraRelu = false } = this.options;
    const used = features.slice(firstLevel - 2);
    const merged = used.map((map, i) => this.laterals[i]!.forward(map));
    for (let i = merged.length - 2; i >= 0; i--) {
      const [, height, width] = merged[i]!.shape;
      merged[i] = tf.add(merged[i]!, resizeNearest(merged[i + 1]!, height, width));
    }
    const levels = merged.map((map, i) => this.outputs[i]!.forward(map));
    let x = extraFrom === 'c5' ? features[3] : levels.at(-1)!;
    for (const [i, extra] of this.extras.entries()) {
      x = extra.forward(extraRelu && i > 0 ? relu(x) : x);
      levels.push(x);
    }
    return levels;
  }

  /** Multiply-accumulates for one picture. @param cells of each level */
  macs(cells: readonly number[]): number {
    const { channels, firstLevel, inChannels } = this.options;
    const square = 9 * channels ** 2;
    return cells.reduce((sum, count, i) => {
      const level = firstLevel + i;
      if (level <= 5) return sum + count * (inChannels[level - 2]! * channels + square);
      return sum + count * (level === 6 ? 9 * this.#extraChannels * channels : square);
    }, 0);
  }

  /** Of the map that P6 is made from. */
  get #extraChannels(): number {
    const { extraFrom = 'c5', inChannels, channels } = this.options;
    return extraFrom === 'c5' ? inChannels[3] : channels;
  }
}
