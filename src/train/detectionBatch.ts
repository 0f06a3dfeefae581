/** One batch of detection training: what is fed to the traced step, and the loss that the step records. */
import * as tf from '@tensorflow/tfjs-core';
import type { DetectionBatch } from '../data/detection/loader.js';
import type { AnchorGrid } from '../detection/anchors.js';
import { assignBatch } from '../detection/assign.js';
import type { DetectorConfig } from '../models/build.js';
import { detectionInput, pictureFeed } from '../models/detectorInput.js';
import { boxLoss, focalLoss } from '../models/losses.js';
import type { RetinaNet } from '../models/retinanet.js';
import type { ForwardContext } from '../nn/module.js';
import type { HostTensor } from '../tensorflow/hostTensor.js';
import type { LossParts } from './step.js';

/**
 * Matches the anchors of `grid` with the boxes of a batch.
 *
 * @param classes K
 */
export function detectionFeed(
  batch: Omit<DetectionBatch, 'records' | 'distinct'>,
  grid: AnchorGrid,
  classes: number,
): Record<string, HostTensor> {
  const { batchSize, inputSizes } = batch;
  const anchors = grid.offsets.at(-1)!;
  const targets = batch.boxes.map((boxes, i) => ({
    boxes,
    labels: batch.labels[i]!,
    size: { height: inputSizes[2 * i]!, width: inputSizes[2 * i + 1]! },
  }));
  const { labels, deltas, foreground } = assignBatch(grid, targets, classes);
  // mmdet's normaliser: at least one a picture, so that pictures without boxes teach without dividing by zero.
  const normaliser = foreground.reduce((sum, count) => sum + Math.max(count, 1), 0);
  return {
    ...pictureFeed(batch),
    labels: { data: labels, shape: [batchSize, anchors] },
    deltas: { data: deltas, shape: [batchSize, anchors, 4] },
    normaliser: { data: Float32Array.of(normaliser), shape: [] },
  };
}

/** Focal loss and L1 of the deltas, each by the number of foreground anchors. `inputs` as {@link detectionFeed} names them. */
export function detectionLoss(
  model: RetinaNet,
  { focalAlpha: alpha, focalGamma: gamma, boxWeight }: DetectorConfig['loss'],
  inputs: Readonly<Record<string, tf.Tensor>>,
  ctx: ForwardContext,
): LossParts<'classification' | 'box'> {
  const { labels, deltas } = inputs;
  // The mean over the workers, as mmdet has it: a picture counts alike whichever worker it fell to.
  const normaliser = ctx.together ? ctx.together.mean(inputs.normaliser!) : inputs.normaliser;
  const levels = model.forward(detectionInput(inputs), ctx);
  const logits = tf.concat<tf.Tensor3D>(
    levels.map((level) => level.logits),
    1,
  ); // [B, R, K]
  const found = tf.concat<tf.Tensor3D>(
    levels.map((level) => level.deltas),
    1,
  ); // [B, R, 4]
  const box = boxLoss(found, deltas as tf.Tensor3D, labels as tf.Tensor2D, logits.shape[2]);
  return {
    classification: tf.div(focalLoss(logits, labels as tf.Tensor2D, { alpha, gamma }), normaliser!),
    box: tf.mul(tf.div(box, normaliser!), boxWeight),
  };
}
