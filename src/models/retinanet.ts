/** RetinaNet: backbone, pyramid, and a head of two branches shared by all levels. */
import * as tf from '@tensorflow/tfjs-core';
import { constant, normal } from '../nn/init.js';
import { Conv2d, GroupNorm } from '../nn/layers.js';
import { type ForwardContext, Module } from '../nn/module.js';
import { relu } from '../nn/ops/activation.js';
import type { Cmt } from './cmt.js';
import type { Fpn } from './fpn.js';

export interface HeadOptions {
  readonly channels: number;
  /** 3×3 convolutions of each branch before its last. @default 4 */
  readonly convs?: number;
  /** @default 'none' */
  readonly norm?: 'none' | 'group';
  readonly anchorsPerCell: number;
  readonly classes: number;
  /** Score of every anchor before training. @default 0.01 */
  readonly priorProbability?: number;
}

/** What the head says of each anchor; anchors in the order of `generateAnchors`. */
export interface HeadOutput {
  /** [B, R, K] */
  readonly logits: tf.Tensor3D;
  /** [B, R, 4] */
  readonly deltas: tf.Tensor3D;
}

const groups = 32;
const init = normal(0.01);

/** Convolutions with ReLU, and normalisation between where asked for. */
class Branch extends Module {
  readonly convs: Conv2d[];
  readonly norms: GroupNorm[];

  constructor({ channels, convs = 4, norm = 'none' }: HeadOptions) {
    super();
    this.convs = Array.from({ length: convs }, () => new Conv2d(channels, channels, { kernel: 3, init }));
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
}

/** Source: Lin et al., "Focal Loss for Dense Object Detection" (2017), §4. */
export class RetinaNetHead extends Module {
  readonly classBranch: Branch;
  readonly boxBranch: Branch;
  readonly classify: Conv2d;
  readonly regress: Conv2d;

  constructor(readonly options: HeadOptions) {
    super();
    const { channels, anchorsPerCell, classes, priorProbability = 0.01 } = options;
    this.classBranch = new Branch(options);
    this.boxBranch = new Branch(options);
    const bias = -Math.log((1 - priorProbability) / priorProbability); // §4.1: every anchor starts as background
    this.classify = new Conv2d(channels, anchorsPerCell * classes, { kernel: 3, init, biasInit: constant(bias) });
    this.regress = new Conv2d(channels, anchorsPerCell * 4, { kernel: 3, init });
  }

  /** Levels [B, H, W, C] → one output a level, [B, H·W·A, K] and [B, H·W·A, 4]. */
  forward(levels: readonly tf.Tensor4D[]): HeadOutput[] {
    return levels.map((level) => {
      const batch = level.shape[0];
      const logits = this.classify.forward(this.classBranch.forward(level)); // [B, H, W, A·K]
      const deltas = this.regress.forward(this.boxBranch.forward(level)); // [B, H, W, A·4]
      return {
        logits: tf.reshape(logits, [batch, -1, this.options.classes]),
        deltas: tf.reshape(deltas, [batch, -1, 4]),
      };
    });
  }
}

export class RetinaNet extends Module {
  constructor(
    readonly backbone: Cmt,
    readonly neck: Fpn,
    readonly head: RetinaNetHead,
  ) {
    super();
  }

  /** [B, H, W, 3] → one output a level, fine to coarse. H and W are multiples of 32. */
  forward(x: tf.Tensor4D, ctx: ForwardContext): HeadOutput[] {
    return this.head.forward(this.neck.forward(this.backbone.forward(x, ctx)));
  }
}
