import type { BrokenPicture } from '../image/brokenPicture.js';
import type { EvaluationTransform } from './transforms.js';
import { type ViewBatch, ViewBatches, type ViewBatchOptions, type ViewPlan } from './viewBatches.js';

export interface EvaluationLoaderOptions extends ViewBatchOptions {
  readonly transform: EvaluationTransform;
  /** This machine and their number, where several measure together: each takes every `world`-th picture. Default: one. */
  readonly rank?: number;
  readonly world?: number;
}

/** The centres of all pictures, each once and in the order of the data set; the last batch is filled up. */
export class EvaluationLoader {
  readonly #options: EvaluationLoaderOptions;
  readonly #batches: ViewBatches;

  constructor(options: EvaluationLoaderOptions) {
    this.#options = options;
    this.#batches = new ViewBatches(options, { transform: { purpose: 'evaluation', ...options.transform }, seed: 0 });
  }

  /** Pictures that this machine measures. */
  get count(): number {
    const { dataset, rank = 0, world = 1 } = this.#options;
    return Math.ceil((dataset.pictures.length - rank) / world);
  }

  /** Files that `onBroken: 'skip'` has passed over so far. They count in no measurement. */
  skipped(): readonly BrokenPicture[] {
    return this.#batches.skipped();
  }

  async *batches(): AsyncGenerator<ViewBatch, void, undefined> {
    for await (const { erase, ...batch } of this.#batches.batches(this.#plans())) yield batch;
  }

  /** Ends the workers. */
  close(): Promise<void> {
    return this.#batches.close();
  }

  *#plans(): Generator<ViewPlan> {
    const { batchSize, rank = 0, world = 1 } = this.#options;
    for (let start = 0; start < this.count; start += batchSize) {
      const distinct = Math.min(batchSize, this.count - start);
      const places = Array.from({ length: batchSize }, (_, i) => start + (i % distinct));
      yield {
        pictures: places.map((place) => place * world + rank),
        draws: places.map((place) => [0, place]),
        distinct,
      };
    }
  }
}
