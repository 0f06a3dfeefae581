/** The batches of a training run before it starts: the pictures as the network would see them, and what it would learn of each. */
import { basename } from 'node:path';
import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core';
import type { ClassificationConfig, Config, DetectionConfig } from '../config/schema.js';
import type { ClassificationBatch } from '../data/classification/loader.js';
import type { DetectionBatch } from '../data/detection/loader.js';
import { type RgbImage, rgbChannels } from '../data/image/image.js';
import { detectionInput, pictureFeed } from '../models/detectorInput.js';
import type { DenseHead } from '../models/heads/denseHead.js';
import { toPixels } from '../models/preprocess.js';
import type { HostTensor } from '../tensorflow/hostTensor.js';
import { type Compiled, Program } from '../tensorflow/program.js';
import { classificationFeed, classificationInput } from './classificationBatch.js';
import { ClassificationTask } from './classificationTask.js';
import { DetectionTask } from './detectionTask.js';
import { TrainingContext } from './step.js';
import type { DataEvents } from './task.js';

export interface PreviewBox {
  /** xyxy in pixels of the input. */
  readonly box: readonly [number, number, number, number];
  readonly label: number;
  readonly name: string;
  /** How many anchors learn it. */
  readonly anchors: number;
}

/** One picture of a batch. */
export interface PreviewPicture {
  /** The name of its file; of a mosaic, of its first one. */
  readonly file: string;
  /** After augmentation and normalisation, brought back to 8 bits; with the padding. */
  readonly image: RgbImage;
  /** A detector's boxes. */
  readonly boxes: readonly PreviewBox[];
  /** A classifier's targets above what smoothing gives to all, the largest first. */
  readonly targets: readonly { readonly name: string; readonly weight: number }[];
}

/**
 * The batches of an epoch (the first is 0), one after the other.
 *
 * @throws DatasetError with every problem of the data that can be seen before the first step
 */
export async function* previewBatches(
  config: Config,
  epoch: number,
  events: DataEvents,
): AsyncGenerator<readonly PreviewPicture[], void, undefined> {
  // There are few batches of each shape: to optimise the graph would take longer than it saves.
  const program = new Program({ fuse: false, optimize: false });
  try {
    yield* config.task === 'detection'
      ? detectionPreview(config, epoch, events, program)
      : classificationPreview(config, epoch, events, program);
  } finally {
    await program.dispose();
  }
}

async function* detectionPreview(
  config: DetectionConfig,
  epoch: number,
  events: DataEvents,
  program: Program,
): AsyncGenerator<readonly PreviewPicture[], void, undefined> {
  const task = await DetectionTask.open({ ...config, data: { ...config.data, val: null } }, events);
  const pictures = seeDetection(program, task);
  try {
    for await (const batch of task.batches(epoch, 0)) yield await pictures(batch);
  } finally {
    await task.close();
  }
}

async function* classificationPreview(
  config: ClassificationConfig,
  epoch: number,
  events: DataEvents,
  program: Program,
): AsyncGenerator<readonly PreviewPicture[], void, undefined> {
  const task = await ClassificationTask.open({ ...config, data: { ...config.data, val: null } }, events);
  const pictures = seeClassification(program, task, config);
  try {
    let draw = 0;
    for await (const batch of task.batches(epoch, 0)) yield await pictures(batch, draw++);
  } finally {
    await task.close();
  }
}

/** @returns the pictures of a batch */
export function seeDetection(
  program: Program,
  task: DetectionTask,
): (batch: DetectionBatch) => Promise<PreviewPicture[]> {
  const see = program.compile((inputs) => ({ seen: detectionInput(inputs) }));
  return async (batch) => {
    const images = await seenOf(see, pictureFeed(batch));
    return images.slice(0, batch.distinct).map((image, i) => ({
      file: basename(batch.records[i]!.file),
      image,
      boxes: boxesOf(batch, i, task.model.head, (label) => task.categories[label]!.name),
      targets: [],
    }));
  };
}

/** @returns the pictures of a batch. `draw` is its number among the batches of the run: noise depends on it */
export function seeClassification(
  program: Program,
  task: ClassificationTask,
  { data, train }: ClassificationConfig,
): (batch: ClassificationBatch, draw: number) => Promise<PreviewPicture[]> {
  const see = program.compile((inputs: Record<string, Tensor>) => ({
    seen: classificationInput(data, inputs, new TrainingContext(inputs.seed as Tensor1D)),
  }));
  return async (batch, draw) => {
    const seed = { data: Int32Array.of(train.seed, draw), shape: [2] };
    const images = await seenOf(see, { ...classificationFeed(batch, task.classes.length), seed });
    return images.slice(0, batch.distinct).map((image, i) => ({
      file: batch.files[i]!,
      image,
      boxes: [],
      targets: targetsOf(batch, i, task.classes, data.smoothing),
    }));
  };
}

async function seenOf(
  see: Compiled<string, 'seen'>,
  inputs: Readonly<Record<string, HostTensor>>,
): Promise<readonly RgbImage[]> {
  const { seen } = await see(inputs);
  const [batchSize, height, width] = seen.shape as Tensor4D['shape'];
  const pixels = toPixels(seen.data as Float32Array);
  const bytes = height * width * rgbChannels;
  return Array.from({ length: batchSize }, (_, i) => ({
    data: new Uint8Array(pixels.buffer, i * bytes, bytes),
    width,
    height,
  }));
}

function boxesOf(batch: DetectionBatch, i: number, head: DenseHead, nameOf: (label: number) => string): PreviewBox[] {
  const [boxes, labels] = [batch.boxes[i]!, batch.labels[i]!];
  const size = { height: batch.inputSizes[2 * i]!, width: batch.inputSizes[2 * i + 1]! };
  const anchors = new Int32Array(labels.length);
  for (const match of head.match(boxes, size, batch)) if (match >= 0) anchors[match]!++;
  return Array.from(labels, (label, box) => ({
    box: [...boxes.subarray(4 * box, 4 * box + 4)] as [number, number, number, number],
    label,
    name: nameOf(label),
    anchors: anchors[box]!,
  }));
}

function targetsOf(
  { targets }: ClassificationBatch,
  i: number,
  classes: readonly string[],
  smoothing: number,
): { name: string; weight: number }[] {
  const share = smoothing / classes.length;
  return classes
    .map((name, label) => ({ name, weight: targets[i * classes.length + label]! }))
    .filter(({ weight }) => weight > share + 1e-6)
    .toSorted((a, b) => b.weight - a.weight);
}
