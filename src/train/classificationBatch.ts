/** One batch of classifier training: what is fed to the traced step, and the loss that the step records. */
import * as tf from '@tensorflow/tfjs-core';
import type { ClassificationConfig } from '../config/schema.js';
import type { ClassificationBatch } from '../data/classification/loader.js';
import type { ViewBatch } from '../data/classification/viewBatches.js';
import { rgbChannels } from '../data/image/image.js';
import type { ClassifierNetwork } from '../models/classifiers/classifierNetwork.js';
import type { LossParts } from '../models/heads/denseHead.js';
import { softTargetCrossEntropy } from '../models/losses.js';
import { eraseWithNoise, mixHalves } from '../models/mixedInput.js';
import { normalisePixels } from '../models/preprocess.js';
import { type ForwardContext, inference } from '../nn/module.js';
import type { HostTensor } from '../tensorflow/hostTensor.js';

/** What of a batch the step needs. */
type FedBatch = Pick<ClassificationBatch, 'images' | 'batchSize' | 'size' | 'targets' | 'erase' | 'blend' | 'cut'>;

/** @param classes K */
export function classificationFeed(batch: FedBatch, classes: number): Record<string, HostTensor> {
  const { images, batchSize, size, targets, erase, blend, cut } = batch;
  return {
    images: { data: images, shape: [batchSize, size, size, rgbChannels] },
    targets: { data: targets, shape: [batchSize, classes] },
    erase: { data: erase, shape: [batchSize, 4] },
    blend: { data: blend, shape: [batchSize] },
    cut: { data: cut, shape: [batchSize, 4] },
  };
}

/** [B, S, S, 3] that the network sees of a batch: erased and mixed as `data` says. `inputs` as {@link classificationFeed} names them. */
export function classificationInput(
  { erasing, mixup, cutmix, mixProbability }: ClassificationConfig['data'],
  { images, erase, blend, cut }: Readonly<Record<string, tf.Tensor>>,
  ctx: Pick<ForwardContext, 'uniform'>,
): tf.Tensor4D {
  let x = normalisePixels(images as tf.Tensor4D);
  if (erasing.probability > 0) x = eraseWithNoise(x, erase as tf.Tensor2D, ctx);
  const mixes = (mixup > 0 || cutmix > 0) && mixProbability > 0;
  if (mixes) x = mixHalves(x, blend as tf.Tensor1D, cut as tf.Tensor2D);
  return x;
}

/** Cross-entropy of a batch. `inputs` as {@link classificationFeed} names them. */
export function classificationLoss(
  model: ClassifierNetwork,
  data: ClassificationConfig['data'],
  inputs: Readonly<Record<string, tf.Tensor>>,
  ctx: ForwardContext,
): LossParts<'entropy'> {
  const logits = model.forward(classificationInput(data, inputs, ctx), ctx);
  return { entropy: softTargetCrossEntropy(logits, inputs.targets as tf.Tensor2D) };
}

/** What each picture of a batch adds to the loss of the batch, [B]. */
export function classificationLossOfEach(
  model: ClassifierNetwork,
  data: ClassificationConfig['data'],
  inputs: Readonly<Record<string, tf.Tensor>>,
  ctx: ForwardContext,
): LossParts<'entropy'>[] {
  const logits = model.forward(classificationInput(data, inputs, ctx), ctx);
  const batch = logits.shape[0];
  return Array.from({ length: batch }, (_, b) => {
    const own = softTargetCrossEntropy(tf.slice(logits, b, 1), tf.slice(inputs.targets as tf.Tensor2D, b, 1));
    return { entropy: tf.div<tf.Scalar>(own, batch) };
  });
}

/** The pictures of a val set as they are, and their labels as targets. */
export function plainClassificationFeed(
  { images, batchSize, size, labels }: Pick<ViewBatch, 'images' | 'batchSize' | 'size' | 'labels'>,
  classes: number,
): Record<string, HostTensor> {
  const targets = new Float32Array(batchSize * classes);
  for (const [i, label] of labels.entries()) targets[i * classes + label] = 1;
  return {
    images: { data: images, shape: [batchSize, size, size, rgbChannels] },
    targets: { data: targets, shape: [batchSize, classes] },
  };
}

/** Cross-entropy of pictures as they are. `inputs` as {@link plainClassificationFeed} names them. */
export function plainClassificationLoss(
  model: ClassifierNetwork,
  { images, targets }: Readonly<Record<string, tf.Tensor>>,
): LossParts<'entropy'> {
  const logits = model.forward(normalisePixels(images as tf.Tensor4D), inference);
  return { entropy: softTargetCrossEntropy(logits, targets as tf.Tensor2D) };
}
