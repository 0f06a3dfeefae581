/**
 * The ResNet backbone: residual blocks, four maps at 1/4, 1/8, 1/16 and 1/32.
 *
 * Source: He et al., "Deep Residual Learning for Image Recognition" (CVPR 2016). Layers and weights are torchvision's: the
 * stride of a bottleneck is in its 3×3 convolution ("v1.5", what mmdetection calls style pytorch), where the paper and its
 * Caffe release have it in the first 1×1.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Size } from '../../geometry/size.js';
import { BatchNorm, Conv2d, convNorm } from '../../nn/layers.js';
import { type ForwardContext, Module, trainedWeights } from '../../nn/module.js';
import { relu } from '../../nn/ops/activation.js';
import { maxPool } from '../../nn/ops/pool.js';
import { recompute } from '../../nn/ops/recompute.js';
import { type Backbone, cellsAt, type PerStage, type StageMaps, stageStrides, throughStages } from './backbone.js';

/** Which blocks, and how many of them in each stage. Source: table 1 of the paper. */
export const resnetSpecs = {
  18: { block: 'basic', depths: [2, 2, 2, 2] },
  34: { block: 'basic', depths: [3, 4, 6, 3] },
  50: { block: 'bottleneck', depths: [3, 4, 6, 3] },
  101: { block: 'bottleneck', depths: [3, 4, 23, 3] },
} as const satisfies Record<number, { block: 'basic' | 'bottleneck'; depths: PerStage<number> }>;

export type ResnetDepth = keyof typeof resnetSpecs;

/** Channels of the stem; the stages work at 64, 128, 256 and 512. */
const stemChannels = 64;
/** Output channels of a bottleneck ÷ those that it works at. */
const expansion = 4;

const conv = (inChannels: number, outChannels: number, kernel: 1 | 3 | 7, stride = 1) =>
  new Conv2d(inChannels, outChannels, { kernel, stride, bias: false });

/** 7×7 convolution with stride 2, then the largest of each 3×3 with stride 2: [B, H, W, 3] → [B, H/4, W/4, 64]. */
class Stem extends Module {
  readonly conv = conv(3, stemChannels, 7, 2);
  readonly norm = new BatchNorm(stemChannels);

  forward(x: tf.Tensor4D, ctx: ForwardContext): tf.Tensor4D {
    return maxPool(relu(convNorm(this.conv, this.norm, x, ctx)), { kernel: 3, stride: 2, padding: 1 });
  }
}

/** The way around a block; where shapes change a 1×1 convolution (option B of §3.3). */
abstract class Block extends Module {
  readonly shortcut: Conv2d | undefined;
  readonly shortcutNorm: BatchNorm | undefined;

  protected constructor(
    readonly inChannels: number,
    readonly channels: number,
    readonly stride: number,
  ) {
    super();
    if (stride === 1 && inChannels === channels) return;
    this.shortcut = conv(inChannels, channels, 1, stride);
    this.shortcutNorm = new BatchNorm(channels);
  }

  /** [B, H, W, I] → [B, H/s, W/s, C], before the shortcut is added. */
  protected abstract residual(x: tf.Tensor4D, ctx: ForwardContext): tf.Tensor4D;
  /** Multiply-accumulates an output cell, without those of the shortcut. */
  protected abstract residualMacs(): number;

  forward(x: tf.Tensor4D, ctx: ForwardContext): tf.Tensor4D {
    const around = this.shortcut && this.shortcutNorm ? convNorm(this.shortcut, this.shortcutNorm, x, ctx) : x;
    return relu(tf.add(this.residual(x, ctx), around));
  }

  macsPerCell(): number {
    return this.residualMacs() + (this.shortcut ? this.inChannels * this.channels : 0);
  }
}

/** Two 3×3 convolutions. */
class BasicBlock extends Block {
  readonly conv1: Conv2d;
  readonly norm1: BatchNorm;
  readonly conv2: Conv2d;
  readonly norm2: BatchNorm;

  constructor(inChannels: number, width: number, stride: number) {
    super(inChannels, width, stride);
    this.conv1 = conv(inChannels, width, 3, stride);
    this.norm1 = new BatchNorm(width);
    this.conv2 = conv(width, width, 3);
    this.norm2 = new BatchNorm(width);
  }

  protected residual(x: tf.Tensor4D, ctx: ForwardContext): tf.Tensor4D {
    const y = relu(convNorm(this.conv1, this.norm1, x, ctx));
    return convNorm(this.conv2, this.norm2, y, ctx);
  }

  protected residualMacs(): number {
    return 9 * (this.inChannels + this.channels) * this.channels;
  }
}

/** 1×1 to a quarter of the channels, 3×3, 1×1 back. */
class Bottleneck extends Block {
  readonly conv1: Conv2d;
  readonly norm1: BatchNorm;
  readonly conv2: Conv2d;
  readonly norm2: BatchNorm;
  readonly conv3: Conv2d;
  readonly norm3: BatchNorm;

  constructor(
    inChannels: number,
    readonly width: number,
    stride: number,
  ) {
    super(inChannels, width * expansion, stride);
    this.conv1 = conv(inChannels, width, 1);
    this.norm1 = new BatchNorm(width);
    this.conv2 = conv(width, width, 3, stride);
    this.norm2 = new BatchNorm(width);
    this.conv3 = conv(width, width * expansion, 1);
    this.norm3 = new BatchNorm(width * expansion);
  }

  protected residual(x: tf.Tensor4D, ctx: ForwardContext): tf.Tensor4D {
    let y = relu(convNorm(this.conv1, this.norm1, x, ctx));
    y = relu(convNorm(this.conv2, this.norm2, y, ctx));
    return convNorm(this.conv3, this.norm3, y, ctx);
  }

  protected residualMacs(): number {
    const before = this.inChannels * this.width * this.stride ** 2; // the first convolution sees the finer map
    return before + 9 * this.width ** 2 + this.width * this.channels;
  }
}

/** `block.forward`, of which nothing is kept for the backward pass but the input. */
const recomputed = (block: Block, x: tf.Tensor4D, ctx: ForwardContext): tf.Tensor4D =>
  recompute([x] as const, ctx, (ctx, x) => block.forward(x, ctx), { weights: trainedWeights(block) });

class Stage extends Module {
  recompute = false;

  constructor(readonly blocks: readonly Block[]) {
    super();
  }

  /** [B, H, W, I] → [B, H/s, W/s, C]; s is 1 in the first stage and 2 in the others. */
  forward(x: tf.Tensor4D, ctx: ForwardContext): tf.Tensor4D {
    let y = x;
    for (const block of this.blocks) y = this.recompute ? recomputed(block, y, ctx) : block.forward(y, ctx);
    return y;
  }
}

export class Resnet extends Module implements Backbone {
  readonly stem: Stem;
  readonly stages: Stage[];
  readonly channels: PerStage<number>;
  readonly usualSize = 224;

  constructor(readonly depth: ResnetDepth) {
    super();
    const { block, depths } = resnetSpecs[depth];
    const Kind = block === 'basic' ? BasicBlock : Bottleneck;
    let channels = stemChannels;
    this.stem = new Stem();
    this.stages = depths.map((count, s) => {
      const blocks = Array.from({ length: count }, (_, i) => {
        const made = new Kind(channels, stemChannels * 2 ** s, s > 0 && i === 0 ? 2 : 1);
        channels = made.channels;
        return made;
      });
      return new Stage(blocks);
    });
    this.channels = this.stages.map(({ blocks }) => blocks.at(-1)!.channels) as unknown as PerStage<number>;
  }

  recompute(stages: readonly number[]): void {
    for (const stage of stages) this.stages[stage - 1]!.recompute = true;
  }

  forward(x: tf.Tensor4D, ctx: ForwardContext): StageMaps {
    return throughStages(this.stem, this.stages, x, ctx);
  }

  macs(size: Size): number {
    let macs = cellsAt(size, 2) * 49 * 3 * stemChannels;
    for (const [s, { blocks }] of this.stages.entries())
      for (const block of blocks) macs += cellsAt(size, stageStrides[s]!) * block.macsPerCell();
    return macs;
  }
}
