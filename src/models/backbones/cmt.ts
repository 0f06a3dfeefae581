/**
 * The CMT backbone: convolutions and attention, four maps at 1/4, 1/8, 1/16 and 1/32.
 *
 * Source: Guo et al., "CMT: Convolutional Neural Networks Meet Vision Transformers" (CVPR 2022, arXiv 2107.06263).
 * Where paper and the authors' release differ, the release is followed; each place says so.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Size } from '../../geometry/size.js';
import { BatchNorm, Conv2d, convNorm, DepthwiseConv2d, LayerNorm, Linear } from '../../nn/layers.js';
import { type ForwardContext, Module, trainedWeights } from '../../nn/module.js';
import { dropPath } from '../../nn/ops/drop.js';
import { recompute } from '../../nn/ops/recompute.js';
import { attention, attentionByRows, rowsByPiece } from './attention.js';
import { type Backbone, cellsAt, type PerStage, type StageMaps, stageStrides, throughStages } from './backbone.js';
import { GridBias } from './positionBias/gridBias.js';
import { type BiasByRows, type BiasShape, type Grid, type PositionBias, rowsOf } from './positionBias/positionBias.js';

/** Widths and depths of a network of the family. */
export interface CmtSpec {
  /** Channels of the four stages. */
  readonly dims: PerStage<number>;
  readonly stemChannels: number;
  readonly depths: PerStage<number>;
  /** Hidden width ÷ channels of the feed-forward networks. */
  readonly ratio: number;
  readonly heads: PerStage<number>;
  /** Side, in tokens, of the squares that become one key, by stage. */
  readonly reductions: PerStage<number>;
  /** Image side of pretraining, in pixels: the grid of the position bias. */
  readonly inputSize: number;
}

const family = { heads: [1, 2, 4, 8], reductions: [8, 4, 2, 1] } as const;

/** Table 1 of the paper; stem widths and ratios as released. */
export const cmtVariants = {
  cmt_ti: { ...family, dims: [46, 92, 184, 368], stemChannels: 16, depths: [2, 2, 10, 2], ratio: 3.6, inputSize: 160 },
  cmt_xs: {
    ...family,
    dims: [52, 104, 208, 416],
    stemChannels: 16,
    depths: [3, 3, 12, 3],
    ratio: 3.77,
    inputSize: 192,
  },
  cmt_s: { ...family, dims: [64, 128, 256, 512], stemChannels: 32, depths: [3, 3, 16, 3], ratio: 4, inputSize: 224 },
  cmt_b: { ...family, dims: [76, 152, 304, 608], stemChannels: 38, depths: [4, 4, 20, 4], ratio: 4, inputSize: 256 },
} as const satisfies Record<string, CmtSpec>;

export type CmtVariant = keyof typeof cmtVariants;

export interface CmtOptions {
  /** Largest stochastic-depth rate; it grows linearly from 0 at the first block. @default 0 */
  readonly dropPath?: number;
  /** Makes the position bias of a stage; undefined for none. @default `GridBias`, bilinear */
  readonly positionBias?: (stage: BiasShape) => PositionBias | undefined;
}

/** Three 3×3 convolutions, the first with stride 2; activation comes before normalisation, as released. */
class Stem extends Module {
  readonly conv1: Conv2d;
  readonly norm1: BatchNorm;
  readonly conv2: Conv2d;
  readonly norm2: BatchNorm;
  readonly conv3: Conv2d;
  readonly norm3: BatchNorm;

  constructor(channels: number) {
    super();
    this.conv1 = new Conv2d(3, channels, { kernel: 3, stride: 2 });
    this.norm1 = new BatchNorm(channels);
    this.conv2 = new Conv2d(channels, channels, { kernel: 3 });
    this.norm2 = new BatchNorm(channels);
    this.conv3 = new Conv2d(channels, channels, { kernel: 3 });
    this.norm3 = new BatchNorm(channels);
  }

  /** [B, H, W, 3] → [B, H/2, W/2, T]. */
  forward(x: tf.Tensor4D, ctx: ForwardContext): tf.Tensor4D {
    let y = this.norm1.forwardGelu(this.conv1.forward(x), ctx);
    y = this.norm2.forwardGelu(this.conv2.forward(y), ctx);
    return this.norm3.forwardGelu(this.conv3.forward(y), ctx);
  }
}

/** Layer normalisation of a map's channels: [B, H, W, C] → the same. */
function normaliseMap(norm: LayerNorm, x: tf.Tensor4D): tf.Tensor4D {
  return tf.reshape(norm.forward(tf.reshape(x, [-1, x.shape[3]])), x.shape);
}

/** Patch aggregation at the start of a stage: 2×2 convolution with stride 2, then layer normalisation. */
class PatchAggregation extends Module {
  readonly conv: Conv2d;
  readonly norm: LayerNorm;

  constructor(inChannels: number, channels: number) {
    super();
    this.conv = new Conv2d(inChannels, channels, { kernel: 2, stride: 2 });
    this.norm = new LayerNorm(channels, 1e-5);
  }

  /** [B, H, W, I] → [B, H/2, W/2, C]. */
  forward(x: tf.Tensor4D): tf.Tensor4D {
    return normaliseMap(this.norm, this.conv.forward(x));
  }
}

/**
 * Lightweight multi-head self-attention: keys and values come from a map reduced by a strided depth-wise convolution.
 *
 * Source: CMT, §3.3. As released, one reduction with batch normalisation serves keys and values, where the paper has one each.
 */
class Lmhsa extends Module {
  readonly query: Linear;
  readonly key: Linear;
  readonly value: Linear;
  readonly project: Linear;
  readonly reduce: DepthwiseConv2d | undefined;
  readonly reduceNorm: BatchNorm | undefined;

  constructor(
    channels: number,
    readonly heads: number,
    reduction: number,
  ) {
    super();
    this.query = new Linear(channels, channels);
    this.key = new Linear(channels, channels);
    this.value = new Linear(channels, channels);
    this.project = new Linear(channels, channels);
    if (reduction > 1) {
      this.reduce = new DepthwiseConv2d(channels, { kernel: reduction, stride: reduction });
      this.reduceNorm = new BatchNorm(channels);
    }
  }

  /** [B, H, W, C], bias for h heads and Nk keys, if any, → [B, H, W, C]. */
  forward(x: tf.Tensor4D, bias: BiasByRows | undefined, ctx: ForwardContext): tf.Tensor4D {
    const [batch, height, width] = x.shape;
    const reduced = this.reduce && this.reduceNorm ? convNorm(this.reduce, this.reduceNorm, x, ctx) : x; // [B, H/r, W/r, C]
    const query = this.#split(this.query.forward(x, (x.shape[3] / this.heads) ** -0.5)); // [B, h, N, C/h]
    const key = this.#split(this.key.forward(reduced)); // [B, h, Nk, C/h]
    const value = this.#split(this.value.forward(reduced)); // [B, h, Nk, C/h]
    const rows = rowsByPiece(batch, this.heads, height, width, key.shape[2]);
    const mixed =
      rows.length === 1
        ? attention(query, key, value, bias?.rows(bias.source, 0, height))
        : attentionByRows(query, key, value, bias, rows, ctx);
    return this.project.forward(this.#merge(mixed, x.shape));
  }

  /** [B, H, W, C] → [B, h, H·W, C/h]. */
  #split(x: tf.Tensor4D): tf.Tensor4D {
    const [batch, height, width, channels] = x.shape;
    if (this.heads === 1) return tf.reshape(x, [batch, 1, height * width, channels]);
    return tf.transpose(tf.reshape(x, [batch, height * width, this.heads, channels / this.heads]), [0, 2, 1, 3]);
  }

  /** [B, h, H·W, C/h] → [B, H, W, C]. */
  #merge(x: tf.Tensor, shape: [number, number, number, number]): tf.Tensor4D {
    return tf.reshape(this.heads === 1 ? x : tf.transpose(x, [0, 2, 1, 3]), shape);
  }
}

/**
 * Inverted residual feed-forward network: the transformer's MLP in CMT.
 *
 * A depth-wise convolution with its own shortcut sits between the two pointwise ones, so the block mixes neighbouring
 * positions as well as channels. Normalisation follows activation. Source: CMT, §3.4; order of layers as released.
 */
export class Irffn extends Module {
  readonly expand: Conv2d;
  readonly expandNorm: BatchNorm;
  readonly local: DepthwiseConv2d;
  readonly localNorm: BatchNorm;
  readonly project: Conv2d;
  readonly projectNorm: BatchNorm;

  constructor(channels: number, ratio: number) {
    super();
    const hidden = Math.trunc(channels * ratio); // 46 × 3.6 → 165, as released
    this.expand = new Conv2d(channels, hidden, { kernel: 1 });
    this.expandNorm = new BatchNorm(hidden);
    this.local = new DepthwiseConv2d(hidden, { kernel: 3, shortcut: true });
    this.localNorm = new BatchNorm(hidden);
    this.project = new Conv2d(hidden, channels, { kernel: 1 });
    this.projectNorm = new BatchNorm(channels);
  }

  /** [B, H, W, C] → [B, H, W, C]. The caller adds the outer shortcut. */
  forward(x: tf.Tensor4D, ctx: ForwardContext): tf.Tensor4D {
    let y = this.expandNorm.forwardGelu(this.expand.forward(x), ctx); // [B, H, W, ⌊rC⌋]
    y = this.localNorm.forwardGelu(this.local.forward(y), ctx); // [B, H, W, ⌊rC⌋]
    return convNorm(this.project, this.projectNorm, y, ctx); // [B, H, W, C]
  }
}

/** Local perception unit, attention, feed-forward network, each with a shortcut. Source: CMT, §3.2, figure 2. */
export class CmtBlock extends Module {
  readonly lpu: DepthwiseConv2d;
  readonly norm1: LayerNorm;
  readonly attention: Lmhsa;
  readonly norm2: LayerNorm;
  readonly irffn: Irffn;

  constructor(
    channels: number,
    heads: number,
    reduction: number,
    ratio: number,
    readonly dropPath: number,
  ) {
    super();
    this.lpu = new DepthwiseConv2d(channels, { kernel: 3, shortcut: true });
    this.norm1 = new LayerNorm(channels, 1e-6);
    this.attention = new Lmhsa(channels, heads, reduction);
    this.norm2 = new LayerNorm(channels, 1e-6);
    this.irffn = new Irffn(channels, ratio);
  }

  /** [B, H, W, C], bias for h heads and Nk keys, if any, → [B, H, W, C]. */
  forward(x: tf.Tensor4D, bias: BiasByRows | undefined, ctx: ForwardContext): tf.Tensor4D {
    let y = this.lpu.forward(x);
    y = tf.add(y, dropPath(this.attention.forward(normaliseMap(this.norm1, y), bias, ctx), this.dropPath, ctx));
    return tf.add(y, dropPath(this.irffn.forward(normaliseMap(this.norm2, y), ctx), this.dropPath, ctx));
  }
}

/** `block.forward`, but only the input is kept for the backward pass, which computes everything else again. */
function recomputed(block: CmtBlock, x: tf.Tensor4D, bias: BiasByRows | undefined, ctx: ForwardContext): tf.Tensor4D {
  const weights = trainedWeights(block);
  if (bias === undefined) return recompute([x] as const, ctx, (ctx, x) => block.forward(x, bias, ctx), { weights });
  return recompute([x, bias.source] as const, ctx, (ctx, x, source) => block.forward(x, { ...bias, source }, ctx), {
    weights,
  });
}

class Stage extends Module {
  readonly patch: PatchAggregation;
  /** Another one may take its place, as an export does while it records. */
  positionBias: PositionBias | undefined;
  readonly blocks: CmtBlock[];
  /** Whether training computes the activations of each block again in the backward pass, to save memory. */
  recompute = false;

  constructor(
    patch: PatchAggregation,
    positionBias: PositionBias | undefined,
    blocks: CmtBlock[],
    readonly reduction: number,
  ) {
    super();
    this.patch = patch;
    this.positionBias = positionBias;
    this.blocks = blocks;
  }

  /** [B, H, W, I] → [B, H/2, W/2, C]. */
  forward(x: tf.Tensor4D, ctx: ForwardContext): tf.Tensor4D {
    let y = this.patch.forward(x);
    const bias = this.#bias(y.shape);
    for (const [i, block] of this.blocks.entries())
      y = this.recompute ? recomputed(block, y, bias?.(i), ctx) : block.forward(y, bias?.(i), ctx);
    return y;
  }

  /** The bias of each block for a map of this shape; computed at once, unless attention runs in pieces. */
  #bias([batch, height, width]: readonly number[]): ((block: number) => BiasByRows) | undefined {
    const bias = this.positionBias;
    if (bias === undefined) return undefined;
    const queries: Grid = [height!, width!];
    const keys: Grid = [height! / this.reduction, width! / this.reduction];
    const pieces = rowsByPiece(batch!, this.blocks[0]!.attention.heads, height!, width!, keys[0] * keys[1]).length;
    if (pieces > 1) return bias.fittedByRows(queries, keys);
    const whole = bias.fitted(queries, keys);
    return (block) => rowsOf(whole(block), queries);
  }
}

export class Cmt extends Module implements Backbone {
  readonly stem: Stem;
  readonly stages: Stage[];

  constructor(
    readonly spec: CmtSpec,
    options: CmtOptions = {},
  ) {
    super();
    const { dims, depths, heads, reductions, ratio } = spec;
    const makeBias = options.positionBias ?? ((stage) => new GridBias(stage, 'bilinear'));
    const total = depths.reduce((a, b) => a + b);
    let drawn = 0;
    this.stem = new Stem(spec.stemChannels);
    this.stages = dims.map((channels, s) => {
      const tokens = spec.inputSize / stageStrides[s]!;
      const keys = tokens / reductions[s]!;
      const blocks = Array.from({ length: depths[s]! }, () => {
        const rate = total > 1 ? ((options.dropPath ?? 0) * drawn++) / (total - 1) : 0;
        return new CmtBlock(channels, heads[s]!, reductions[s]!, ratio, rate);
      });
      return new Stage(
        new PatchAggregation(s === 0 ? spec.stemChannels : dims[s - 1]!, channels),
        makeBias({ blocks: depths[s]!, heads: heads[s]!, queries: [tokens, tokens], keys: [keys, keys] }),
        blocks,
        reductions[s]!,
      );
    });
  }

  get channels(): PerStage<number> {
    return this.spec.dims;
  }

  get usualSize(): number {
    return this.spec.inputSize;
  }

  recompute(stages: readonly number[]): void {
    for (const stage of stages) this.stages[stage - 1]!.recompute = true;
  }

  forward(x: tf.Tensor4D, ctx: ForwardContext): StageMaps {
    return throughStages(this.stem, this.stages, x, ctx);
  }

  /** Convolutions, linear layers and both products of attention. */
  macs(size: Size): number {
    const { stemChannels: stem, dims, depths, ratio, reductions } = this.spec;
    let macs = cellsAt(size, 2) * (27 * stem + 2 * 9 * stem * stem);
    for (const [s, channels] of dims.entries()) {
      const tokens = cellsAt(size, stageStrides[s]!);
      const reduction = reductions[s]!;
      const keys = tokens / reduction ** 2;
      const hidden = Math.trunc(channels * ratio);
      const reduce = reduction > 1 ? keys * reduction ** 2 * channels : 0;
      const projections = 2 * tokens * channels ** 2 + 2 * keys * channels ** 2;
      const attention = 2 * tokens * keys * channels;
      const feedForward = tokens * (2 * channels * hidden + 9 * hidden);
      const block = tokens * 9 * channels + reduce + projections + attention + feedForward;
      macs += tokens * 4 * (s === 0 ? stem : dims[s - 1]!) * channels + depths[s]! * block;
    }
    return macs;
  }
}
