/** RetinaNet's head: two branches shared by all levels, which score and move anchors. */
import * as tf from '@tensorflow/tfjs-core';
import { type AnchorCandidates, decodeAnchors } from '../../detection/anchorCandidates.js';
import { type AnchorGrid, type AnchorOptions, generateAnchors, pyramidLevels } from '../../detection/anchors.js';
import { type Assigner, assignBatch } from '../../detection/assign.js';
import { matchAdaptively } from '../../detection/atss.js';
import { maxLogRatio } from '../../detection/coder.js';
import { matchAnchors } from '../../detection/match.js';
import type { ScoredBoxes } from '../../detection/postprocess.js';
import type { Size } from '../../geometry/size.js';
import { constant } from '../../nn/init.js';
import { Conv2d } from '../../nn/layers.js';
import { Module } from '../../nn/module.js';
import type { HostTensor } from '../../tensorflow/hostTensor.js';
import { foregroundMask, l1Loss, overlapLoss, smoothL1Loss } from '../boxLosses.js';
import { type FocalOptions, focalLoss } from '../losses.js';
import { Branch, type BranchOptions, biasOfPrior, headInit } from './branch.js';
import {
  bestPlaces,
  type DenseHead,
  joined,
  type LevelArrays,
  type LevelOutput,
  type LossParts,
  type PictureTargets,
} from './denseHead.js';
import { SizeCache } from './sizeCache.js';

export interface RetinanetLossOptions extends FocalOptions {
  /** What the box loss compares: deltas (the first two), or the boxes' overlap. */
  readonly box: 'l1' | 'smoothL1' | 'giou';
  readonly smoothL1Beta: number;
  /** Weight of the box loss beside the focal loss. */
  readonly boxWeight: number;
}

export interface RetinanetHeadOptions extends BranchOptions {
  readonly classes: number;
  /** Input pixels a cell of the levels, fine to coarse. */
  readonly strides: readonly number[];
  readonly anchors: AnchorOptions;
  readonly assigner: 'maxIou' | 'atss';
  /** Score of every anchor before training. */
  readonly priorProbability: number;
  readonly loss: RetinanetLossOptions;
}

type Output = 'logits' | 'deltas';
type Candidate = keyof AnchorCandidates;

const assigners = { maxIou: matchAnchors, atss: matchAdaptively } as const satisfies Record<string, Assigner>;

/**
 * Source: Lin et al., "Focal Loss for Dense Object Detection" (2017), §4; details as mmdet's RetinaHead.
 *
 * Outputs of a level of P = H·W·A anchors, in the order of `generateAnchors`: logits [B, P, K], deltas [B, P, 4].
 */
export class RetinanetHead extends Module implements DenseHead<Output, Candidate> {
  readonly classBranch: Branch;
  readonly boxBranch: Branch;
  readonly classify: Conv2d;
  readonly regress: Conv2d;
  readonly #grids = new SizeCache((size) => this.#generate(size));

  constructor(readonly options: RetinanetHeadOptions) {
    super();
    const { channels, classes, priorProbability } = options;
    this.classBranch = new Branch(options);
    this.boxBranch = new Branch(options);
    const bias = constant(biasOfPrior(priorProbability));
    this.classify = new Conv2d(channels, this.anchorsPerCell * classes, { kernel: 3, init: headInit, bias });
    this.regress = new Conv2d(channels, this.anchorsPerCell * 4, { kernel: 3, init: headInit });
  }

  get classes(): number {
    return this.options.classes;
  }

  get anchorsPerCell(): number {
    const { scalesPerOctave, aspectRatios } = this.options.anchors;
    return scalesPerOctave * aspectRatios.length;
  }

  forward(levels: readonly tf.Tensor4D[]): LevelOutput<Output>[] {
    return levels.map((level) => {
      const batch = level.shape[0];
      const logits = this.classify.forward(this.classBranch.forward(level)); // [B, H, W, A·K]
      const deltas = this.regress.forward(this.boxBranch.forward(level)); // [B, H, W, A·4]
      return { logits: tf.reshape(logits, [batch, -1, this.classes]), deltas: tf.reshape(deltas, [batch, -1, 4]) };
    });
  }

  /** The anchors of a padded input. */
  anchors(padded: Size): AnchorGrid {
    return this.#grids.of(padded);
  }

  match(boxes: Float32Array, size: Size, padded: Size): Int32Array {
    return assigners[this.options.assigner](this.anchors(padded), boxes, size);
  }

  /** `labels` [B, R], `deltas` [B, R, 4], `normaliser`: how many anchors are foreground; `anchors` [R, 4] where the loss needs them. */
  feed(targets: readonly PictureTargets[], padded: Size): Record<string, HostTensor> {
    const grid = this.anchors(padded);
    const count = grid.offsets.at(-1)!;
    const match = assigners[this.options.assigner];
    const { labels, deltas, foreground } = assignBatch(grid, targets, this.classes, match);
    // mmdet's normaliser: at least one a picture, so that pictures without boxes teach without dividing by zero.
    const normaliser = foreground.reduce((sum, anchors) => sum + Math.max(anchors, 1), 0);
    return {
      labels: { data: labels, shape: [targets.length, count] },
      deltas: { data: deltas, shape: [targets.length, count, 4] },
      normaliser: { data: Float32Array.of(normaliser), shape: [] },
      ...(this.options.loss.box === 'giou' ? { anchors: { data: grid.anchors, shape: [count, 4] } } : {}),
    };
  }

  /** Focal loss, and the box loss of foreground anchors, each by the number of foreground anchors. */
  loss(
    outputs: readonly LevelOutput<Output>[],
    fed: Readonly<Record<string, tf.Tensor>>,
  ): LossParts<'classification' | 'box'> {
    const labels = fed.labels as tf.Tensor2D;
    const box = this.#boxLoss(joined(outputs, 'deltas'), foregroundMask(labels, this.classes), fed);
    return {
      classification: tf.div(focalLoss(joined(outputs, 'logits'), labels, this.options.loss), fed.normaliser!),
      box: tf.mul(tf.div(box, fed.normaliser!), this.options.loss.boxWeight),
    };
  }

  #boxLoss(found: tf.Tensor3D, mask: tf.Tensor2D, fed: Readonly<Record<string, tf.Tensor>>): tf.Scalar {
    const wanted = fed.deltas as tf.Tensor3D;
    const { box, smoothL1Beta } = this.options.loss;
    switch (box) {
      case 'l1':
        return l1Loss(found, wanted, mask);
      case 'smoothL1':
        return smoothL1Loss(found, wanted, mask, smoothL1Beta);
      case 'giou':
        return overlapLoss('giou', movedAnchors(fed.anchors!, found), movedAnchors(fed.anchors!, wanted), mask);
    }
  }

  candidates({ logits, deltas }: LevelOutput<Output>, count: number): LevelOutput<Candidate> {
    return bestPlaces(logits as tf.Tensor3D, { deltas: deltas as tf.Tensor3D }, count);
  }

  decode(levels: readonly LevelArrays<Candidate>[], padded: Size, scoreThreshold: number): ScoredBoxes {
    return decodeAnchors(levels as readonly AnchorCandidates[], this.anchors(padded), this.classes, scoreThreshold);
  }

  macs(cells: readonly number[]): number {
    const last = 9 * this.options.channels * this.anchorsPerCell * (this.classes + 4);
    const perCell = this.classBranch.macsPerCell() + this.boxBranch.macsPerCell() + last;
    return cells.reduce((sum, count) => sum + count * perCell, 0);
  }

  #generate(padded: Size): AnchorGrid {
    return generateAnchors(pyramidLevels(padded, this.options.strides), this.options.anchors);
  }
}

/** The boxes that deltas make of anchors, as `decode` of detection/coder.ts: [R, 4] and [B, R, 4] → [B, R, 4] xyxy. */
export function movedAnchors(anchors: tf.Tensor, deltas: tf.Tensor3D): tf.Tensor3D {
  const [x1, y1, x2, y2] = tf.split(anchors, 4, 1); // [R, 1] each
  const [dx, dy, dw, dh] = tf.split(deltas, 4, 2); // [B, R, 1] each
  const [width, height] = [tf.sub(x2!, x1!), tf.sub(y2!, y1!)];
  const centre = (low: tf.Tensor, side: tf.Tensor, delta: tf.Tensor) =>
    tf.add(tf.add(low, tf.mul(side, 0.5)), tf.mul(delta, side));
  const half = (side: tf.Tensor, delta: tf.Tensor) =>
    tf.mul(tf.mul(side, 0.5), tf.exp(tf.clipByValue(delta, -maxLogRatio, maxLogRatio)));
  const [cx, cy] = [centre(x1!, width, dx!), centre(y1!, height, dy!)];
  const [halfWidth, halfHeight] = [half(width, dw!), half(height, dh!)];
  return tf.concat<tf.Tensor3D>(
    [
      tf.sub(cx, halfWidth) as tf.Tensor3D,
      tf.sub(cy, halfHeight) as tf.Tensor3D,
      tf.add(cx, halfWidth) as tf.Tensor3D,
      tf.add(cy, halfHeight) as tf.Tensor3D,
    ],
    2,
  );
}
