/** One batch of detection training: what is fed to the traced step, and the loss that the step records. */
import * as tf from '@tensorflow/tfjs-core';
import type { DetectionBatch } from '../data/detection/loader.js';
import { detectionInput, pictureFeed } from '../models/detectorInput.js';
import type { DetectorNetwork } from '../models/detectorNetwork.js';
import type { DenseHead, LossParts } from '../models/heads/denseHead.js';
import type { ForwardContext } from '../nn/module.js';
import type { HostTensor } from '../tensorflow/hostTensor.js';

/** The pictures of a batch, and what the head learns of them. */
export function detectionFeed(
  batch: Omit<DetectionBatch, 'records' | 'distinct'>,
  head: DenseHead,
): Record<string, HostTensor> {
  const { boxes, labels, inputSizes } = batch;
  const targets = boxes.map((own, i) => ({
    boxes: own,
    labels: labels[i]!,
    size: { height: inputSizes[2 * i]!, width: inputSizes[2 * i + 1]! },
  }));
  return { ...pictureFeed(batch), ...head.feed(targets, batch) };
}

/** The head's loss of a batch. `inputs` as {@link detectionFeed} names them. */
export function detectionLoss(
  model: DetectorNetwork,
  inputs: Readonly<Record<string, tf.Tensor>>,
  ctx: ForwardContext,
): LossParts<string> {
  return model.head.loss(model.forward(detectionInput(inputs), ctx), overWorkers(inputs, ctx));
}

/**
 * What each picture of a batch adds to the loss of the batch, [B]. `inputs` as {@link detectionFeed} names them: those that begin with
 * the batch are cut, the others belong to all of it.
 */
export function detectionLossOfEach(
  model: DetectorNetwork,
  inputs: Readonly<Record<string, tf.Tensor>>,
  ctx: ForwardContext,
): LossParts<string>[] {
  const outputs = model.forward(detectionInput(inputs), ctx);
  const batch = inputs.images!.shape[0]!;
  const ofPicture = (b: number) => (x: tf.Tensor) => (x.rank > 1 && x.shape[0] === batch ? tf.slice(x, b, 1) : x);
  return Array.from({ length: batch }, (_, b) => {
    const cut = ofPicture(b);
    return model.head.loss(
      outputs.map((output) => mapValues(output, cut)),
      mapValues(inputs, cut),
    );
  });
}

function mapValues(
  of: Readonly<Record<string, tf.Tensor>>,
  cut: (x: tf.Tensor) => tf.Tensor,
): Record<string, tf.Tensor> {
  return Object.fromEntries(Object.entries(of).map(([name, x]) => [name, cut(x)]));
}

/** Normalisers are scalars: their mean over the workers, as mmdet has it, so that a picture counts alike whichever worker it fell to. */
function overWorkers(
  inputs: Readonly<Record<string, tf.Tensor>>,
  { together }: ForwardContext,
): Readonly<Record<string, tf.Tensor>> {
  if (together === undefined) return inputs;
  const entries = Object.entries(inputs);
  return Object.fromEntries(entries.map(([name, x]) => [name, x.rank === 0 ? together.mean(x) : x]));
}
