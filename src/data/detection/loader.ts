import type { LabelledBoxes } from '../../geometry/boxes.js';
import { Random } from '../../random.js';
import { rgbChannels } from '../image/image.js';
import { type BatchPlan, type MadeBatch, PictureBatches } from '../loading/pictureBatches.js';
import type { ReaderSettings } from '../loading/pictureReader.js';
import { deal, dealtLength, globalBatchSize, isShared, partsOf, type Shard } from '../loading/shard.js';
import { workerModule } from '../parallel/workerPool.js';
import { countGlobalBatches, type GlobalBatch, oneShapeFirst, planGlobalBatches } from './batches.js';
import type { DetectionRecord } from './dataset.js';
import type { DetectionLoaderOptions } from './loaderOptions.js';
import {
  type AugmentOptions,
  type BoxedSource,
  detectionHandler,
  type InputOptions,
  type LoadedPicture,
} from './loadPicture.js';
import { mosaicSize } from './mosaic.js';
import { chooseShapes, inferenceShapePlan, type ShapePlan } from './shapes.js';

export interface DetectionBatch {
  /** [B, H, W, 3] 8-bit sRGB, black outside of the pictures. Valid until the next batch is asked for: its memory is used again. */
  readonly images: Uint8Array;
  readonly batchSize: number;
  /** Padded, multiples of 32. */
  readonly height: number;
  readonly width: number;
  /** [B, 2] height and width of the pictures before padding. */
  readonly inputSizes: Int32Array;
  /** [B]; of a mosaic, its first picture. */
  readonly records: readonly DetectionRecord[];
  /** [B] times [G, 4] xyxy in input pixels. */
  readonly boxes: readonly LabelledBoxes['boxes'][];
  /** [B] times [G] */
  readonly labels: readonly LabelledBoxes['labels'][];
  /** The first `distinct` entries are different pictures; the others repeat them, so that every batch has one size. */
  readonly distinct: number;
}

/** With which training begins: a minute or so on a small machine. */
const batchesOfOneShape = 20;

interface Plan extends BatchPlan<InputOptions> {
  readonly shape: GlobalBatch['shape'];
}

/**
 * Batches of a detection data set, made by worker threads ahead of their use. `close` it in the end.
 *
 * What an epoch gives is a function of the options, the epoch and the position. Neither the number of workers nor their speed
 * changes a byte of it. How processes and accumulated batches share it: data/loading/shard.ts.
 */
export class DetectionLoader {
  readonly #options: DetectionLoaderOptions;
  readonly #shortSides: readonly number[];
  readonly #shapes: ShapePlan;
  /** Their number by epoch, as far as it was asked for. */
  readonly #globalBatches = new Map<number, number>();
  readonly #batches: PictureBatches<BoxedSource, InputOptions, LoadedPicture>;

  constructor(options: DetectionLoaderOptions) {
    const { dataset, batchSize, shortSide, longSide, maxShapes = 8, flip = 0.5, randomCrop, photometric } = options;
    this.#options = options;
    this.#shortSides = typeof shortSide === 'number' ? [shortSide] : shortSide;
    const { inferenceShapes } = options;
    this.#shapes = inferenceShapes
      ? inferenceShapePlan(dataset.records, { shortSide: this.#shortSides[0]!, longSide, ...inferenceShapes })
      : chooseShapes(dataset.records, { shortSides: this.#shortSides, longSide, maxShapes });
    const areas = this.#shapes.shapes.map(({ width, height }) => width * height);
    const augment: AugmentOptions = { flip, ...(randomCrop && { randomCrop }), ...(photometric && { photometric }) };
    const task = {
      source: (index: number) => this.#source(index),
      batchBytes: batchSize * Math.max(...areas) * rgbChannels,
      isPart: isShared(options),
      handler: (reader: ReaderSettings) => detectionHandler({ reader, task: augment }),
      module: workerModule(import.meta.url, './picture.worker'),
      settings: augment,
    };
    this.#batches = new PictureBatches(task, options);
  }

  /** All padded shapes that batches can have, [height, width] each. */
  shapes(): [height: number, width: number][] {
    return this.#shapes.shapes.map(({ height, width }) => [height, width]);
  }

  /** Batches of an epoch; `epoch` gives fewer only where no picture of a batch can be read. */
  batchesPerEpoch(epoch: number): number {
    const { sampler, accumulate = 1 } = this.#options;
    const key = sampler ? epoch : 0; // without a sampler all epochs have the same pictures
    let count = this.#globalBatches.get(key);
    if (count === undefined) {
      const settings = { size: globalBatchSize(this.#options), shapes: this.#shapes };
      count = countGlobalBatches(this.#order(key).order, (index) => this.#groupOf(index), settings);
      this.#globalBatches.set(key, count);
    }
    return count * accumulate;
  }

  /** Names of the pictures that are being read, the oldest first. */
  underWay(): string[] {
    return this.#batches.underWay();
  }

  /** @param skipBatches batches to leave out at the beginning: those that a resumed epoch has behind it */
  async *epoch(
    epoch: number,
    { skipBatches = 0 }: { readonly skipBatches?: number } = {},
  ): AsyncGenerator<DetectionBatch, void, undefined> {
    for await (const batch of this.#batches.batches(this.#plans(epoch, skipBatches))) yield this.#batchOf(batch);
  }

  /** Ends the workers. An epoch under way is rejected. */
  close(): Promise<void> {
    return this.#batches.close();
  }

  /** The pictures of an epoch in order, and the random numbers that come after them; none outside of training. */
  #order(epoch: number): { order: Iterable<number>; random: Random | undefined } {
    const { dataset, shuffle = true, seed = 0, sampler } = this.#options;
    if (!shuffle) return { order: dataset.records.keys(), random: undefined };
    const random = new Random(seed).fork(epoch);
    return { order: sampler?.(random) ?? random.permutation(dataset.records.length), random };
  }

  *#plans(epoch: number, skipBatches: number): Generator<Plan> {
    const { seed = 0 } = this.#options;
    const { order, random } = this.#order(epoch);
    const settings = { size: globalBatchSize(this.#options), shapes: this.#shapes, shortSides: this.#shortSides };
    const planned = planGlobalBatches(order, (index) => this.#groupOf(index), settings, random);
    const globals = random && epoch === 0 ? oneShapeFirst(planned, batchesOfOneShape) : planned;
    const parts = partsOf(this.#options);
    for (let batch = skipBatches; batch < globals.length * parts.length; batch++) {
      const position = Math.floor(batch / parts.length);
      const drawn = new Random(new Random(seed).fork(epoch, position).uint32());
      yield this.#planOf(globals[position]!, parts[batch % parts.length]!, drawn);
    }
  }

  /** @param random of the whole global batch: all its places draw, whichever part is made here */
  #planOf({ indices, distinct, shape, shortSide }: GlobalBatch, part: Shard, random: Random): Plan {
    const rule = { shortSide, longSide: this.#options.longSide };
    const places = indices.map((index) => ({
      pictures: this.#withCompany(index, random),
      how: { rule, shape, seed: random.uint32() },
    }));
    return {
      places: deal(places, part),
      distinct: dealtLength(distinct, part),
      bytes: shape.width * shape.height * rgbChannels,
      shape,
    };
  }

  #groupOf(index: number): number {
    return this.#shapes.groupOf(this.#options.dataset.records[index]!);
  }

  #source(index: number): BoxedSource {
    const { file, boxes, labels } = this.#options.dataset.records[index]!;
    return { file, name: file, boxes, labels };
  }

  /** The picture alone, or with those that make a mosaic of it. */
  #withCompany(index: number, random: Random): number[] {
    const { dataset, mosaic = 0 } = this.#options;
    if (!random.bool(mosaic)) return [index];
    const others = Array.from({ length: mosaicSize - 1 }, () => random.int(dataset.records.length));
    return [index, ...others];
  }

  #batchOf({ plan, images, origins, made, distinct }: MadeBatch<LoadedPicture, Plan>): DetectionBatch {
    const { records } = this.#options.dataset;
    return {
      images,
      batchSize: made.length,
      height: plan.shape.height,
      width: plan.shape.width,
      inputSizes: Int32Array.from(made.flatMap(({ input }) => [input.height, input.width])),
      records: origins.map((place) => records[plan.places[place]!.pictures[0]!]!),
      boxes: made.map(({ boxes }) => boxes),
      labels: made.map(({ labels }) => labels),
      distinct,
    };
  }
}
