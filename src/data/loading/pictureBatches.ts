/** The engine of all loaders: planned batches of pictures, filled by workers ahead of their use. */
import { ImageError } from '../../errors.js';
import { MemoryCache } from '../cache/memoryCache.js';
import type { BrokenPicture } from '../image/brokenPicture.js';
import { type JobRunner, runInline } from '../parallel/jobs.js';
import { orderedPrefetch } from '../parallel/orderedPrefetch.js';
import { WorkerPool, workerModule } from '../parallel/workerPool.js';
import type { LoadingOptions } from './options.js';
import type { FilledPlace, HandlerSettings, PictureHandler, PictureJob, PictureSource } from './pictureJob.js';
import type { ReaderSettings } from './pictureReader.js';

/** What is to be put into one place of a batch. */
export interface PlannedPlace<How> {
  /** Indices of pictures in the data set: one, or all that come together here. */
  readonly pictures: readonly number[];
  readonly how: How;
}

/** A batch to be made. */
export interface BatchPlan<How> {
  /** [B] */
  readonly places: readonly PlannedPlace<How>[];
  /** The first `distinct` places count; the rest repeat pictures, so that every batch has one size. */
  readonly distinct: number;
  /** Of each place. */
  readonly bytes: number;
}

/** A batch whose places are all filled with good pictures. */
export interface MadeBatch<Made, Plan> {
  readonly plan: Plan;
  /** [B × bytes]. Valid until the next batch is asked for: its memory is used again. */
  readonly images: Uint8Array;
  /** [B] of which place of the plan the picture is: its own, unless broken pictures have left gaps. */
  readonly origins: readonly number[];
  /** [B] what the worker says of the picture. */
  readonly made: readonly Made[];
  /** The first `distinct` places count. */
  readonly distinct: number;
}

/** What differs from task to task. */
export interface PictureTask<Source extends PictureSource, How, Made> {
  /** A picture of the data set. */
  source(index: number): Source;
  /** Bytes of the largest batch. */
  readonly batchBytes: number;
  /** Whether each batch is a part of one that other processes have the rest of, and make a step together with. */
  readonly isPart: boolean;
  /** What a worker does. */
  readonly handler: (reader: ReaderSettings) => PictureHandler<Source, How, Made>;
  /** The module that does the same in a thread, with `settings`: it serves a function of {@link HandlerSettings}. */
  readonly module: URL;
  readonly settings: unknown;
}

/**
 * Makes planned batches, in order. Neither the number of workers nor their speed changes a byte. `close` it in the end.
 */
export class PictureBatches<Source extends PictureSource, How, Made> {
  readonly #source: (index: number) => Source;
  readonly #batchBytes: number;
  readonly #isPart: boolean;
  readonly #options: LoadingOptions;
  readonly #memory: MemoryCache | undefined;
  readonly #runner: JobRunner<PictureJob<Source, How>, FilledPlace<Made> | BrokenPicture>;
  /** Files that `onSkipped` was told of. */
  readonly #skipped = new Set<string>();
  /** Places that are being filled, each with its pictures; those asked for first are first. */
  readonly #underWay = new Set<readonly number[]>();
  readonly #freeBuffers: SharedArrayBuffer[] = [];

  constructor(task: PictureTask<Source, How, Made>, options: LoadingOptions) {
    const {
      decoder = workerModule(import.meta.url, '../image/decode'),
      cache,
      workers = 1,
      colourProfiles = 'apply',
    } = options;
    this.#source = (index) => task.source(index);
    this.#batchBytes = task.batchBytes;
    this.#isPart = task.isPart;
    this.#options = options;
    this.#memory = cache?.kind === 'memory' ? new MemoryCache(cache.maxBytes) : undefined;
    const reader: ReaderSettings = { decoder: decoder.href, colourProfiles, ...(cache && { cache }) };
    const settings: HandlerSettings<unknown> = { reader, task: task.settings };
    this.#runner =
      workers === 0
        ? runInline(task.handler(reader))
        : new WorkerPool({ module: task.module, size: workers, settings });
  }

  /** Names of the pictures that workers have been asked for and have not given, the oldest first. */
  underWay(): string[] {
    return [...this.#underWay].flatMap((pictures) => pictures.map((index) => this.#source(index).name));
  }

  /**
   * The batches of the plans, in order; without those of which no picture can be read.
   *
   * @throws ImageError for such a batch where it is a part: the other processes would wait for this one for ever
   */
  async *batches<Plan extends BatchPlan<How>>(
    plans: Iterable<Plan>,
  ): AsyncGenerator<MadeBatch<Made, Plan>, void, undefined> {
    const make = (plan: Plan) => this.#make(plan);
    for await (const { batch, buffer } of orderedPrefetch(plans, make, this.#options.prefetch ?? 4)) {
      if (batch) yield batch;
      this.#freeBuffers.push(buffer);
    }
  }

  /** Ends the workers. Batches under way are rejected. */
  close(): Promise<void> {
    return this.#runner.close();
  }

  /** `batch` is absent when none of its pictures could be read. */
  async #make<Plan extends BatchPlan<How>>(
    plan: Plan,
  ): Promise<{ batch?: MadeBatch<Made, Plan>; buffer: SharedArrayBuffer }> {
    // Memory for the largest batch, used again and again: fresh memory would cost a page fault every 4 KB.
    const buffer = this.#freeBuffers.pop() ?? new SharedArrayBuffer(this.#batchBytes);
    const outcomes = await Promise.all(
      plan.places.map(({ pictures, how }, place) => {
        const sources = pictures.map((index) => ({ ...this.#source(index), ...this.#memory?.request(index) }));
        return this.#fill(pictures, { sources, how, batch: buffer, place });
      }),
    );
    const filled = outcomes.map((outcome, place) => this.#account(plan.places[place]!.pictures, outcome));
    const good = filled.flatMap((made, place) => (made === undefined ? [] : [{ place, made: made.made }]));
    if (good.length === 0) {
      if (this.#isPart) throw withoutPart(outcomes as BrokenPicture[]);
      return { buffer };
    }
    const images = new Uint8Array(buffer, 0, plan.places.length * plan.bytes);
    closeUp(
      images,
      plan.bytes,
      good.map(({ place }) => place),
    );
    const entries = filled.map((_, place) => good[place % good.length]!);
    const batch = {
      plan,
      images,
      origins: entries.map(({ place }) => place),
      made: entries.map(({ made }) => made),
      distinct: good.filter(({ place }) => place < plan.distinct).length,
    };
    return { batch, buffer };
  }

  async #fill(pictures: readonly number[], job: PictureJob<Source, How>): Promise<FilledPlace<Made> | BrokenPicture> {
    this.#underWay.add(pictures);
    try {
      return await this.#runner.run(job);
    } finally {
      this.#underWay.delete(pictures);
    }
  }

  /** Keeps what is for the cache; of a broken picture, stops or takes a note. */
  #account(pictures: readonly number[], outcome: FilledPlace<Made> | BrokenPicture): FilledPlace<Made> | undefined {
    if (!('reason' in outcome)) {
      for (const [i, pixels] of outcome.kept.entries()) if (pixels) this.#memory?.keep(pictures[i]!, pixels);
      return outcome;
    }
    if (this.#options.onBroken !== 'skip') throw new ImageError(outcome.file, outcome.reason);
    if (!this.#skipped.has(outcome.file)) {
      this.#skipped.add(outcome.file);
      this.#options.onSkipped?.(outcome);
    }
    return undefined;
  }
}

function withoutPart(broken: readonly BrokenPicture[]): ImageError {
  const [{ file, reason }, ...rest] = broken as [BrokenPicture, ...BrokenPicture[]];
  const others = rest.length > 0 ? `, nor can ${rest.map((other) => other.file).join(', ')}` : '';
  return new ImageError(
    file,
    `${reason}${others}: with no picture of its part of a batch, this worker cannot make a step with the others. ` +
      'cmtdet data check finds such pictures, and its --clean writes the data set without them',
  );
}

/** Moves the places `good`, which rise, to the front and repeats them to the end; none is overwritten before it has moved. */
function closeUp(images: Uint8Array, bytes: number, good: readonly number[]): void {
  for (let to = 0; to * bytes < images.length; to++) {
    const from = to < good.length ? good[to]! : to % good.length;
    if (to !== from) images.copyWithin(to * bytes, from * bytes, (from + 1) * bytes);
  }
}
