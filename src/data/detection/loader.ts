import { ImageError } from '../../errors.js';
import { Random } from '../../random.js';
import { MemoryCache } from '../cache/memoryCache.js';
import type { BrokenPicture } from '../image/brokenPicture.js';
import { rgbChannels } from '../image/image.js';
import { type JobRunner, runInline } from '../parallel/jobs.js';
import { orderedPrefetch } from '../parallel/orderedPrefetch.js';
import { WorkerPool, workerModule } from '../parallel/workerPool.js';
import { assembleBatch, type DetectionBatch } from './assemble.js';
import { type BatchPlan, planBatches, shardOf } from './batches.js';
import { type DetectionLoaderOptions, type FilledOptions, loaderDefaults } from './loaderOptions.js';
import type { AugmentOptions, LoadedPicture, PictureJob, PictureSource } from './loadPicture.js';
import { mosaicSize } from './mosaic.js';
import { type PictureWorkerSettings, pictureHandler } from './pictureHandler.js';
import { sampleAll } from './sampling.js';
import { chooseShapes, type ShapePlan } from './shapes.js';

export type { DetectionBatch, DetectionLoaderOptions };

/** A batch of an epoch, and the number that its random numbers start from. */
interface Position {
  readonly plan: BatchPlan;
  readonly seed: number;
}

/**
 * Batches of a detection data set, made by worker threads ahead of their use. `close` it in the end.
 *
 * What an epoch gives is a function of the options, the epoch and the position. Neither the number of workers nor their speed
 * changes a byte of it.
 */
export class DetectionLoader {
  readonly #options: FilledOptions;
  readonly #shortSides: readonly number[];
  readonly #shapes: ShapePlan;
  readonly #largestBytes: number;
  readonly #memory: MemoryCache | undefined;
  readonly #runner: JobRunner<PictureJob, LoadedPicture | BrokenPicture>;
  readonly #skipped = new Map<string, BrokenPicture>();
  readonly #freeBuffers: SharedArrayBuffer[] = [];

  constructor(options: DetectionLoaderOptions) {
    const all: FilledOptions = { ...loaderDefaults, ...options };
    const { dataset, batchSize, shortSide, longSide, maxShapes, cache } = all;
    this.#options = all;
    this.#shortSides = typeof shortSide === 'number' ? [shortSide] : shortSide;
    this.#shapes = chooseShapes(dataset.records, { shortSides: this.#shortSides, longSide, maxShapes });
    const areas = this.#shapes.shapes.map(({ width, height }) => width * height);
    this.#largestBytes = batchSize * Math.max(...areas) * rgbChannels;
    this.#memory = cache?.kind === 'memory' ? new MemoryCache(cache.maxBytes) : undefined;
    this.#runner = startRunner(all);
  }

  /** All padded shapes that batches can have, [height, width] each. */
  shapes(): [height: number, width: number][] {
    return this.#shapes.shapes.map(({ height, width }) => [height, width]);
  }

  /** Batches of an epoch; `epoch` gives fewer only where no picture of a batch can be read. */
  batchesPerEpoch(epoch: number): number {
    return this.#positions(epoch).length;
  }

  /** Files that `onBroken: 'skip'` has passed over so far. */
  skipped(): readonly BrokenPicture[] {
    return [...this.#skipped.values()];
  }

  /** @param skipBatches batches to leave out at the beginning: those that a resumed epoch has behind it */
  async *epoch(
    epoch: number,
    { skipBatches = 0 }: { readonly skipBatches?: number } = {},
  ): AsyncGenerator<DetectionBatch, void, undefined> {
    const positions = this.#positions(epoch).slice(skipBatches);
    const made = orderedPrefetch(positions, (position) => this.#make(position), this.#options.prefetch);
    for await (const { batch, buffer } of made) {
      if (batch) yield batch;
      this.#freeBuffers.push(buffer);
    }
  }

  /** Ends the workers. An epoch under way is rejected. */
  close(): Promise<void> {
    return this.#runner.close();
  }

  #positions(epoch: number): Position[] {
    const { dataset, batchSize, shuffle, seed, shard } = this.#options;
    const { records } = dataset;
    const random = new Random(seed).fork(epoch);
    const { sampler = sampleAll(records) } = this.#options;
    const plans = planBatches(
      shuffle ? sampler(random) : records.keys(),
      (index) => this.#shapes.groupOf(records[index]!),
      { batchSize, shapes: this.#shapes, shortSides: this.#shortSides },
      shuffle ? random : undefined,
    );
    const positions = plans.map((plan, position) => ({ plan, seed: new Random(seed).fork(epoch, position).uint32() }));
    return shardOf(positions, shard);
  }

  /** `batch` is absent when none of its pictures could be read. */
  async #make({ plan, seed }: Position): Promise<{ batch?: DetectionBatch; buffer: SharedArrayBuffer }> {
    const { dataset, longSide } = this.#options;
    const { shape, shortSide, distinct } = plan;
    // Memory for a batch of the largest shape, used again and again: fresh memory would cost a page fault every 4 KB.
    const buffer = this.#freeBuffers.pop() ?? new SharedArrayBuffer(this.#largestBytes);
    const rule = { shortSide, longSide };
    const random = new Random(seed);
    const places = plan.indices.map((index) => ({ indices: this.#withCompany(index, random), seed: random.uint32() }));
    const outcomes = await Promise.all(
      places.map((entry, place) => {
        const sources = entry.indices.map((index) => this.#source(index));
        return this.#runner.run({ sources, rule, seed: entry.seed, shape, batch: buffer, place });
      }),
    );
    for (const [place, outcome] of outcomes.entries()) this.#account(places[place]!.indices, outcome);
    const records = plan.indices.map((index) => dataset.records[index]!);
    const images = new Uint8Array(buffer, 0, records.length * shape.width * shape.height * rgbChannels);
    const batch = assembleBatch(images, shape, records, outcomes, distinct);
    return batch ? { batch, buffer } : { buffer };
  }

  #source(index: number): PictureSource {
    const { file, boxes, labels } = this.#options.dataset.records[index]!;
    return { file, boxes, labels, ...this.#memory?.request(index) };
  }

  /** The picture alone, or with those that make a mosaic of it. */
  #withCompany(index: number, random: Random): number[] {
    const { dataset, mosaic } = this.#options;
    if (!random.bool(mosaic)) return [index];
    const others = Array.from({ length: mosaicSize - 1 }, () => random.int(dataset.records.length));
    return [index, ...others];
  }

  #account(indices: readonly number[], outcome: LoadedPicture | BrokenPicture): void {
    if (!('reason' in outcome)) {
      for (const [i, pixels] of outcome.kept.entries()) if (pixels) this.#memory?.keep(indices[i]!, pixels);
      return;
    }
    if (this.#options.onBroken === 'stop') throw new ImageError(outcome.file, outcome.reason);
    if (this.#skipped.has(outcome.file)) return;
    this.#skipped.set(outcome.file, outcome);
    this.#options.onSkipped?.(outcome);
  }
}

function startRunner(options: FilledOptions): JobRunner<PictureJob, LoadedPicture | BrokenPicture> {
  const { flip, randomCrop, photometric, cache, workers } = options;
  const augment: AugmentOptions = { flip, ...(randomCrop && { randomCrop }), ...(photometric && { photometric }) };
  const settings: PictureWorkerSettings = {
    decoder: (options.decoder ?? workerModule(import.meta.url, '../image/decode')).href,
    augment,
    ...(cache && { cache }),
  };
  if (workers === 0) return runInline(pictureHandler(settings));
  return new WorkerPool({ module: workerModule(import.meta.url, './picture.worker'), size: workers, settings });
}
