import { ImageError } from '../../errors.js';
import { Random } from '../../random.js';
import type { DetectionDataset, DetectionRecord } from '../detectionDataset.js';
import { rgbChannels } from '../image/image.js';
import { type JobRunner, runInline } from '../parallel/jobs.js';
import { orderedPrefetch } from '../parallel/orderedPrefetch.js';
import { WorkerPool, workerModule } from '../parallel/workerPool.js';
import { type BatchPlan, planBatches } from './batches.js';
import type { BrokenPicture, LoadedPicture, PictureJob } from './loadPicture.js';
import { type PictureWorkerSettings, pictureHandler } from './pictureHandler.js';
import { chooseShapes, type ShapePlan } from './shapes.js';

export interface DetectionBatch {
  /** [B, H, W, 3] 8-bit sRGB, black outside of the pictures. Valid until the next batch is asked for: its memory is used again. */
  readonly images: Uint8Array;
  readonly batchSize: number;
  /** Padded, multiples of 32. */
  readonly height: number;
  readonly width: number;
  /** [B, 2] height and width of the pictures before padding. */
  readonly inputSizes: Int32Array;
  /** [B] */
  readonly records: readonly DetectionRecord[];
  /** [B] times [G, 4] xyxy in input pixels. */
  readonly boxes: readonly Float32Array[];
  /** [B] times [G] */
  readonly labels: readonly Int32Array[];
  /** The first `distinct` entries count in an evaluation; the others repeat pictures so that every batch has one size. */
  readonly distinct: number;
}

export interface LoaderOptions {
  readonly dataset: DetectionDataset;
  readonly batchSize: number;
  /** Short side after resizing, in pixels. Of several, each batch draws one (multi-scale training). */
  readonly shortSide: number | readonly number[];
  /** Limit of the long side, in pixels. */
  readonly longSide: number;
  /** Number of padded shapes, each of which costs a traced graph. */
  readonly maxShapes?: number;
  readonly shuffle?: boolean;
  /** Probability of mirroring a picture left to right. */
  readonly flip?: number;
  readonly seed?: number;
  /** Threads that decode and resize; 0 does it in this one. */
  readonly workers?: number;
  /** Batches that are made before they are asked for. */
  readonly prefetch?: number;
  /** A picture that cannot be read in the middle of an epoch: an error, or its place is taken by another one of its batch. */
  readonly onBroken?: 'stop' | 'skip';
  /** Told once about each file that `skip` passed over. */
  readonly onSkipped?: (picture: BrokenPicture) => void;
  /** URL of a module that exports `openDecoder(): DecodeImage`; the reader of all formats by default. */
  readonly decoder?: URL;
}

/** What makes an epoch. Neither the number of workers nor their speed changes a byte of it. */
export interface EpochOptions {
  /** Batches to leave out at the beginning: those that a resumed epoch has behind it. */
  readonly skipBatches?: number;
}

/** Batches of a detection data set, made by worker threads ahead of their use. `close` it. */
export class DetectionLoader {
  readonly #options: Required<Omit<LoaderOptions, 'shortSide' | 'onSkipped' | 'decoder'>>;
  readonly #shortSides: readonly number[];
  readonly #shapes: ShapePlan;
  readonly #runner: JobRunner<PictureJob, LoadedPicture | BrokenPicture>;
  readonly #skipped = new Map<string, BrokenPicture>();
  readonly #onSkipped: (picture: BrokenPicture) => void;
  readonly #freeBuffers: SharedArrayBuffer[] = [];

  constructor({ shortSide, onSkipped, decoder, ...options }: LoaderOptions) {
    this.#options = { ...defaults, ...options };
    this.#shortSides = typeof shortSide === 'number' ? [shortSide] : shortSide;
    const { dataset, longSide, maxShapes, workers } = this.#options;
    this.#shapes = chooseShapes(dataset.records, { shortSides: this.#shortSides, longSide, maxShapes });
    this.#runner = startRunner(workers, decoder ?? workerModule(import.meta.url, '../image/decode'));
    this.#onSkipped = onSkipped ?? (() => {});
  }

  /** All padded shapes that batches can have, [height, width] each. */
  shapes(): [height: number, width: number][] {
    return this.#shapes.shapes.map(({ height, width }) => [height, width]);
  }

  batchesPerEpoch(epoch: number): number {
    return this.#plan(epoch).length;
  }

  /** Files that `onBroken: 'skip'` has passed over so far. */
  skipped(): readonly BrokenPicture[] {
    return [...this.#skipped.values()];
  }

  /** The batches of one epoch, a function of the seed, the epoch and the position alone. */
  async *epoch(epoch: number, { skipBatches = 0 }: EpochOptions = {}): AsyncGenerator<DetectionBatch, void, undefined> {
    const { seed, prefetch } = this.#options;
    const plans = this.#plan(epoch);
    const positions = plans.map((plan, position) => ({ plan, random: new Random(seed).fork(epoch, position) }));
    const made = orderedPrefetch(
      positions.slice(skipBatches),
      ({ plan, random }) => this.#make(plan, random),
      prefetch,
    );
    for await (const { batch, buffer } of made) {
      if (batch) yield batch;
      this.#freeBuffers.push(buffer);
    }
  }

  /** Ends the workers. An epoch under way is rejected. */
  close(): Promise<void> {
    return this.#runner.close();
  }

  #plan(epoch: number): BatchPlan[] {
    const { dataset, batchSize, shuffle, seed } = this.#options;
    const { records } = dataset;
    const random = new Random(seed).fork(epoch);
    const order = shuffle ? random.permutation(records.length) : records.keys();
    const options = { batchSize, shapes: this.#shapes, shortSides: this.#shortSides };
    const groupOf = (index: number) => this.#shapes.groupOf(records[index]!);
    return planBatches(order, groupOf, options, shuffle ? random : undefined);
  }

  /** `batch` is absent when none of its pictures could be read. */
  async #make(plan: BatchPlan, random: Random): Promise<{ batch?: DetectionBatch; buffer: SharedArrayBuffer }> {
    const { dataset, batchSize, longSide, flip } = this.#options;
    const { indices, distinct, shape, shortSide } = plan;
    const buffer = this.#buffer();
    const records = indices.map((index) => dataset.records[index]!);
    const rule = { shortSide, longSide };
    const outcomes = await Promise.all(
      records.map(({ file, boxes, labels }, place) =>
        this.#runner.run({ file, boxes, labels, rule, shape, flip: random.bool(flip), batch: buffer, place }),
      ),
    );
    const { width, height } = shape;
    const bytes = width * height * rgbChannels;
    const images = new Uint8Array(buffer, 0, batchSize * bytes);
    this.#passOver(outcomes);
    const good = outcomes.flatMap((outcome, i) => ('reason' in outcome ? [] : [i]));
    if (good.length === 0) return { buffer };
    closeUp(images, bytes, good);
    const from = outcomes.map((_, place) => good[place % good.length]!);
    const loaded = from.map((source) => outcomes[source] as LoadedPicture);
    const batch: DetectionBatch = {
      images,
      batchSize,
      height,
      width,
      inputSizes: Int32Array.from(loaded.flatMap(({ input }) => [input.height, input.width])),
      records: from.map((source) => records[source]!),
      boxes: loaded.map(({ boxes }) => boxes),
      labels: loaded.map(({ labels }) => labels),
      distinct: good.filter((i) => i < distinct).length,
    };
    return { batch, buffer };
  }

  #passOver(outcomes: readonly (LoadedPicture | BrokenPicture)[]): void {
    for (const outcome of outcomes) {
      if (!('reason' in outcome)) continue;
      if (this.#options.onBroken === 'stop') throw new ImageError(outcome.file, outcome.reason);
      if (this.#skipped.has(outcome.file)) continue;
      this.#skipped.set(outcome.file, outcome);
      this.#onSkipped(outcome);
    }
  }

  /** Memory for a batch of the largest shape, used again and again: fresh memory would cost a page fault every 4 KB. */
  #buffer(): SharedArrayBuffer {
    const largest = Math.max(...this.#shapes.shapes.map(({ width, height }) => width * height));
    return this.#freeBuffers.pop() ?? new SharedArrayBuffer(this.#options.batchSize * largest * rgbChannels);
  }
}

/** Good pictures move up, in order, and then repeat to fill the batch. `good` rises, so none is overwritten before it moved. */
function closeUp(images: Uint8Array, bytes: number, good: readonly number[]): void {
  const copy = (to: number, from: number) => {
    if (to !== from) images.copyWithin(to * bytes, from * bytes, (from + 1) * bytes);
  };
  good.forEach((from, place) => {
    copy(place, from);
  });
  for (let place = good.length; place < images.length / bytes; place++) copy(place, place % good.length);
}

const defaults = {
  maxShapes: 6,
  shuffle: true,
  flip: 0.5,
  seed: 0,
  workers: 1,
  prefetch: 2,
  onBroken: 'stop',
} as const satisfies Partial<LoaderOptions>;

function startRunner(workers: number, decoder: URL): JobRunner<PictureJob, LoadedPicture | BrokenPicture> {
  const settings: PictureWorkerSettings = { decoder: decoder.href };
  if (workers === 0) return runInline(pictureHandler(settings));
  return new WorkerPool({ module: workerModule(import.meta.url, './picture.worker'), size: workers, settings });
}
