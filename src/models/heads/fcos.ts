/** FCOS's head: a class, the distances to the sides of a box, and how central the place is in it, at every cell. */
import * as tf from '@tensorflow/tfjs-core';
import { pyramidLevels } from '../../detection/anchors.js';
import {
  decodePoints,
  generatePoints,
  matchPoints,
  type PointCandidates,
  type PointGrid,
  pointTargets,
} from '../../detection/points.js';
import type { ScoredBoxes } from '../../detection/postprocess.js';
import type { Size } from '../../geometry/size.js';
import { constant } from '../../nn/init.js';
import { Conv2d } from '../../nn/layers.js';
import { Module, Parameter } from '../../nn/module.js';
import type { HostTensor } from '../../tensorflow/hostTensor.js';
import { overlapLoss } from '../boxLosses.js';
import { binaryCrossEntropy, type FocalOptions, focalLoss } from '../losses.js';
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

export interface FcosLossOptions extends FocalOptions {
  readonly box: 'iou' | 'giou';
  /** Weight of the box loss beside the focal loss. */
  readonly boxWeight: number;
}

export interface FcosHeadOptions extends BranchOptions {
  readonly classes: number;
  /** Input pixels a cell of the levels, fine to coarse. */
  readonly strides: readonly number[];
  /** Largest distance to a side that a level learns ÷ its stride; the coarsest has no limit. */
  readonly rangeScale: number;
  /** Score of every place before training. */
  readonly priorProbability: number;
  readonly loss: FcosLossOptions;
}

type Output = 'logits' | 'distances' | 'centerness';
type Candidate = keyof PointCandidates;

/**
 * Source: Tian et al., "FCOS: Fully Convolutional One-Stage Object Detection" (2019), in the setting of mmdet's
 * `fcos_r50-caffe_fpn_gn-head_1x_coco`: centerness beside the classes, distances as exp(scale · x) pixels with a scale a level,
 * no centre sampling.
 *
 * Where ours differs: places begin with boxes of their level's size, where mmdet's begin with a pixel to each side and take
 * thousands of steps to grow; the box loss is GIoU by default, where that config has -log IoU (`loss.box: iou`); convolutions before a
 * GroupNorm have a bias; configs/fcos_r50_coco_1x.yaml starts with torchvision's weights, where that config has Caffe's.
 *
 * Outputs of a level of P = H·W places: logits [B, P, K], distances [B, P, 4] in input pixels to the left, top, right and bottom
 * side, centerness [B, P, 1] before the sigmoid.
 */
export class FcosHead extends Module implements DenseHead<Output, Candidate> {
  readonly classBranch: Branch;
  readonly boxBranch: Branch;
  readonly classify: Conv2d;
  readonly regress: Conv2d;
  readonly centre: Conv2d;
  /** One number a level. They begin so that half of a level's reach is where its distances begin. */
  readonly scales: Parameter[];
  readonly #grids = new SizeCache((size) => generatePoints(pyramidLevels(size, this.options.strides)));

  constructor(readonly options: FcosHeadOptions) {
    super();
    const { channels, classes, strides, rangeScale, priorProbability } = options;
    this.classBranch = new Branch(options);
    this.boxBranch = new Branch(options);
    const bias = constant(biasOfPrior(priorProbability));
    this.classify = new Conv2d(channels, classes, { kernel: 3, init: headInit, bias });
    const [first, ...others] = strides.map((stride) => Math.log(Math.max(2, (rangeScale / 2) * stride)));
    this.regress = new Conv2d(channels, 4, { kernel: 3, init: headInit, bias: constant(first!) });
    this.centre = new Conv2d(channels, 1, { kernel: 3, init: headInit });
    this.scales = [1, ...others.map((level) => level / first!)].map((scale) => new Parameter([], constant(scale)));
  }

  get classes(): number {
    return this.options.classes;
  }

  forward(levels: readonly tf.Tensor4D[]): LevelOutput<Output>[] {
    return levels.map((level, l) => {
      const batch = level.shape[0];
      const seen = this.classBranch.forward(level);
      const moved = this.regress.forward(this.boxBranch.forward(level)); // [B, H, W, 4]
      return {
        logits: tf.reshape(this.classify.forward(seen), [batch, -1, this.classes]),
        distances: tf.reshape(tf.exp(tf.mul(moved, this.scales[l]!.read())), [batch, -1, 4]),
        centerness: tf.reshape(this.centre.forward(seen), [batch, -1, 1]),
      };
    });
  }

  /** The places of a padded input. */
  points(padded: Size): PointGrid {
    return this.#grids.of(padded);
  }

  match(boxes: Float32Array, _size: Size, padded: Size): Int32Array {
    return matchPoints(this.points(padded), boxes, this.options.rangeScale);
  }

  /**
   * `labels` [B, R], `distances` [B, R, 4], `centerness` [B, R]; `normaliser`: how many places are foreground, and
   * `boxNormaliser`: the sum of their centerness, by which the box loss is weighted.
   */
  feed(targets: readonly PictureTargets[], padded: Size): Record<string, HostTensor> {
    const grid = this.points(padded);
    const [batch, count] = [targets.length, grid.offsets.at(-1)!];
    const labels = new Int32Array(batch * count);
    const distances = new Float32Array(batch * count * 4);
    const centerness = new Float32Array(batch * count);
    let foreground = 0;
    let central = 0;
    for (const [b, { boxes, labels: names, size }] of targets.entries()) {
      const matches = this.match(boxes, size, padded);
      const one = pointTargets(grid, matches, boxes, names, this.classes);
      labels.set(one.labels, b * count);
      distances.set(one.distances, 4 * b * count);
      centerness.set(one.centerness, b * count);
      foreground += matches.reduce((sum, match) => sum + (match >= 0 ? 1 : 0), 0);
      central += one.centerness.reduce((sum, value) => sum + value, 0);
    }
    return {
      labels: { data: labels, shape: [batch, count] },
      distances: { data: distances, shape: [batch, count, 4] },
      centerness: { data: centerness, shape: [batch, count] },
      normaliser: { data: Float32Array.of(foreground), shape: [] },
      boxNormaliser: { data: Float32Array.of(central), shape: [] },
    };
  }

  /** Focal loss by the number of foreground places; overlap weighted by centerness; cross-entropy of the centerness. */
  loss(
    outputs: readonly LevelOutput<Output>[],
    fed: Readonly<Record<string, tf.Tensor>>,
  ): LossParts<'classification' | 'box' | 'centerness'> {
    const { loss } = this.options;
    // Held off zero here, where they are means over all workers: one that has no boxes has its share of the others'.
    const places = tf.maximum<tf.Scalar>(fed.normaliser!, 1);
    const weights = tf.maximum<tf.Scalar>(fed.boxNormaliser!, 1e-6);
    const labels = fed.labels as tf.Tensor2D;
    const centerness = fed.centerness as tf.Tensor2D;
    const found = joined<tf.Tensor3D, Output>(outputs, 'distances');
    const box = overlapLoss(loss.box, boxAround(found), boxAround(fed.distances as tf.Tensor3D), centerness);
    const mask: tf.Tensor2D = tf.cast(tf.less(labels, this.classes), 'float32');
    const logits = tf.reshape<tf.Rank.R2>(joined(outputs, 'centerness'), labels.shape);
    return {
      classification: tf.div(focalLoss(joined(outputs, 'logits'), labels, loss), places),
      box: tf.mul(tf.div(box, weights), loss.boxWeight),
      centerness: tf.div(binaryCrossEntropy(logits, centerness, mask), places),
    };
  }

  candidates({ logits, distances, centerness }: LevelOutput<Output>, count: number): LevelOutput<Candidate> {
    const ofEach = { distances: distances as tf.Tensor3D, centerness: tf.sigmoid(centerness as tf.Tensor3D) };
    return bestPlaces(logits as tf.Tensor3D, ofEach, count);
  }

  decode(levels: readonly LevelArrays<Candidate>[], padded: Size, scoreThreshold: number): ScoredBoxes {
    return decodePoints(levels as readonly PointCandidates[], this.points(padded), this.classes, scoreThreshold);
  }

  macs(cells: readonly number[]): number {
    const last = 9 * this.options.channels * (this.classes + 4 + 1);
    const perCell = this.classBranch.macsPerCell() + this.boxBranch.macsPerCell() + last;
    return cells.reduce((sum, count) => sum + count * perCell, 0);
  }
}

/** [B, R, 4] distances to left, top, right, bottom → the box around the origin that has them; overlaps do not depend on where a place is. */
function boxAround(distances: tf.Tensor3D): tf.Tensor3D {
  const [left, top, right, bottom] = tf.split(distances, 4, 2);
  return tf.concat<tf.Tensor3D>([tf.neg(left!), tf.neg(top!), right!, bottom!] as tf.Tensor3D[], 2);
}
