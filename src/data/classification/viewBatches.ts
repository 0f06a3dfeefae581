/** Batches of views, made by worker threads ahead of their use: what training and measuring have in common. */
import { ImageError } from '../../errors.js';
import { MemoryCache } from '../cache/memoryCache.js';
import type { CacheOptions } from '../cache/options.js';
import type { BrokenPicture } from '../image/brokenPicture.js';
import type { PixelRect } from '../image/image.js';
import { rgbChannels } from '../image/image.js';
import { type JobRunner, runInline } from '../parallel/jobs.js';
import { orderedPrefetch } from '../parallel/orderedPrefetch.js';
import { WorkerPool, workerModule } from '../parallel/workerPool.js';
import type { ClassificationDataset } from './dataset.js';
import { type LoadedView, type ViewJob, type ViewSettings, viewHandler } from './viewHandler.js';

export interface ViewBatch {
  /** [B, S, S, 3] 8-bit sRGB. Valid until the next batch is asked for: its memory is used again. */
  readonly images: Uint8Array;
  readonly batchSize: number;
  /** S: side of the pictures, in pixels. */
  readonly size: number;
  /** [B] */
  readonly labels: Int32Array;
  /** [B] paths below the data set's root. */
  readonly files: readonly string[];
  /** The first `distinct` entries count in a measurement; the others repeat pictures so that every batch has one size. */
  readonly distinct: number;
}

/** A batch, and the part of each picture that is to be erased. */
export type MadeBatch = ViewBatch & { readonly erase: readonly (PixelRect | undefined)[] };

/** One batch to make: B places, each for a picture of the data set. */
export interface ViewPlan {
  /** Indices of pictures. */
  readonly pictures: readonly number[];
  /** Random numbers of each place. */
  readonly draws: readonly (readonly [epoch: number, position: number])[];
  readonly distinct: number;
}

export interface ViewBatchOptions {
  readonly dataset: ClassificationDataset;
  readonly batchSize: number;
  /** Threads that decode and transform; 0 does it in this one. Default 1. */
  readonly workers?: number;
  /** Batches that are made before they are asked for. Default 2. */
  readonly prefetch?: number;
  /** Where decoded pictures stay from epoch to epoch. Default: nowhere. */
  readonly cache?: CacheOptions;
  /** A picture that cannot be read: an error, or its place is taken by another one of its batch. Default `stop`. */
  readonly onBroken?: 'stop' | 'skip';
  /** Told once about each file that `skip` passed over. */
  readonly onSkipped?: (picture: BrokenPicture) => void;
  /** URL of a module that exports `openDecoder(): DecodeImage`; the reader of all formats by default. */
  readonly decoder?: URL;
}

/** Makes planned batches. `close` it. */
export class ViewBatches {
  readonly #options: ViewBatchOptions;
  readonly #size: number;
  readonly #memory: MemoryCache | undefined;
  readonly #runner: JobRunner<ViewJob, LoadedView | BrokenPicture>;
  readonly #skipped = new Map<string, BrokenPicture>();
  readonly #freeBuffers: SharedArrayBuffer[] = [];

  constructor(options: ViewBatchOptions, { transform, seed }: Pick<ViewSettings, 'transform' | 'seed'>) {
    const { dataset, decoder = workerModule(import.meta.url, '../image/decode'), workers = 1, cache } = options;
    this.#options = options;
    this.#size = transform.size;
    this.#memory = cache?.kind === 'memory' ? new MemoryCache(cache.maxBytes) : undefined;
    const settings: ViewSettings = {
      root: dataset.root,
      transform,
      seed,
      decoder: decoder.href,
      ...(cache && { cache }),
    };
    this.#runner =
      workers === 0
        ? runInline(viewHandler(settings))
        : new WorkerPool({ module: workerModule(import.meta.url, './view.worker'), size: workers, settings });
  }

  /** Files that `onBroken: 'skip'` has passed over so far. */
  skipped(): readonly BrokenPicture[] {
    return [...this.#skipped.values()];
  }

  /** The batches of the plans, in order; without those of which no picture could be read. */
  async *batches(plans: Iterable<ViewPlan>): AsyncGenerator<MadeBatch, void, undefined> {
    const make = (plan: ViewPlan) => this.#make(plan);
    for await (const { batch, buffer } of orderedPrefetch(plans, make, this.#options.prefetch ?? 2)) {
      if (batch) yield batch;
      this.#freeBuffers.push(buffer);
    }
  }

  /** Ends the workers. Batches under way are rejected. */
  close(): Promise<void> {
    return this.#runner.close();
  }

  async #make({ pictures, draws, distinct }: ViewPlan): Promise<{ batch?: MadeBatch; buffer: SharedArrayBuffer }> {
    const { dataset, batchSize } = this.#options;
    const bytes = this.#size * this.#size * rgbChannels;
    // Memory is used again and again: fresh memory would cost a page fault every 4 KB.
    const buffer = this.#freeBuffers.pop() ?? new SharedArrayBuffer(batchSize * bytes);
    const chosen = pictures.map((index) => dataset.pictures[index]!);
    const outcomes = await Promise.all(
      chosen.map((picture, place) => {
        const cached = this.#memory?.request(pictures[place]!);
        return this.#runner.run({ picture, ...cached, draw: draws[place]!, batch: buffer, place });
      }),
    );
    this.#passOver(outcomes);
    for (const [place, outcome] of outcomes.entries())
      if (!('reason' in outcome) && outcome.kept) this.#memory?.keep(pictures[place]!, outcome.kept);
    const good = outcomes.flatMap((outcome, place) => ('reason' in outcome ? [] : [place]));
    if (good.length === 0) return { buffer };
    // Good pictures move up and then repeat. `good` rises, so none is overwritten before it has moved.
    const images = new Uint8Array(buffer);
    const from = outcomes.map((_, place) => good[place] ?? place % good.length);
    for (const [to, source] of from.entries()) {
      if (to !== source) images.copyWithin(to * bytes, source * bytes, (source + 1) * bytes);
    }
    const origin = outcomes.map((_, place) => good[place % good.length]!);
    const batch: MadeBatch = {
      images,
      batchSize,
      size: this.#size,
      labels: Int32Array.from(origin, (source) => chosen[source]!.label),
      files: origin.map((source) => chosen[source]!.file),
      distinct: good.filter((place) => place < distinct).length,
      erase: origin.map((source) => (outcomes[source] as LoadedView).erase),
    };
    return { batch, buffer };
  }

  #passOver(outcomes: readonly (LoadedView | BrokenPicture)[]): void {
    for (const outcome of outcomes) {
      if (!('reason' in outcome)) continue;
      if (this.#options.onBroken !== 'skip') throw new ImageError(outcome.file, outcome.reason);
      if (this.#skipped.has(outcome.file)) continue;
      this.#skipped.set(outcome.file, outcome);
      this.#options.onSkipped?.(outcome);
    }
  }
}
