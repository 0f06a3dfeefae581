/** The neck: maps of one width at all levels, coarse meaning brought to fine maps. */
import * as tf from '@tensorflow/tfjs-core';
import { xavierUniform } from '../nn/init.js';
import { Conv2d } from '../nn/layers.js';
import { Module } from '../nn/module.js';
import { resizeNearest } from '../nn/ops/resize.js';

export interface FpnOptions {
  /** Channels of C2 … C5. */
  readonly inChannels: readonly number[];
  readonly channels: number;
  /** Finest level: 3 for P3. */
  readonly firstLevel: number;
  /** Coarsest level: 7 for P7. */
  readonly lastLevel: number;
}

const conv = (inChannels: number, channels: number, kernel: 1 | 3, stride = 1) =>
  new Conv2d(inChannels, channels, {
    kernel,
    stride,
    init: xavierUniform(inChannels * kernel * kernel, channels * kernel * kernel),
  });

/**
 * Feature pyramid network with two extra levels: P6 from C5 and P7 from P6, without an activation between.
 *
 * Source: Lin et al., "Feature Pyramid Networks for Object Detection" (2017); extra levels as mmdet's RetinaNet
 * (`add_extra_convs='on_input'`), where the RetinaNet paper has a ReLU before P7.
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
    const { inChannels, channels, firstLevel, lastLevel } = options;
    const used = inChannels.slice(firstLevel - 2);
    this.laterals = used.map((from) => conv(from, channels, 1));
    this.outputs = used.map(() => conv(channels, channels, 3));
    this.extras = Array.from({ length: Math.max(lastLevel - 5, 0) }, (_, i) =>
      conv(i === 0 ? inChannels[3]! : channels, channels, 3, 2),
    );
  }

  /** C2 … C5 → P(first) … P(last), [B, ⌈H/s⌉, ⌈W/s⌉, channels] each. */
  forward(features: readonly tf.Tensor4D[]): tf.Tensor4D[] {
    const used = features.slice(this.options.firstLevel - 2);
    const merged = used.map((map, i) => this.laterals[i]!.forward(map));
    for (let i = merged.length - 2; i >= 0; i--) {
      const [, height, width] = merged[i]!.shape;
      merged[i] = tf.add(merged[i]!, resizeNearest(merged[i + 1]!, height, width));
    }
    const levels = merged.map((map, i) => this.outputs[i]!.forward(map));
    let x = used.at(-1)!;
    for (const extra of this.extras) {
      x = extra.forward(x);
      levels.push(x);
    }
    return levels;
  }
}
