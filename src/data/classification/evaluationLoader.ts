import { dealtLength, globalBatchSize, partsOf } from '../loading/shard.js';
import type { EvaluationTransform } from './transforms.js';
import {
  openViewBatches,
  type ViewBatch,
  type ViewBatches,
  type ViewLoaderOptions,
  viewBatchOf,
  viewPlan,
} from './viewBatches.js';

export interface EvaluationLoaderOptions extends Omit<ViewLoaderOptions, 'accumulate'> {
  readonly transform: EvaluationTransform;
}

/**
 * The centres of all pictures, each once and in the order of the data set; the last batch is filled up.
 *
 * Of several processes, each measures its part of every global batch (data/loading/shard.ts): every picture is measured by one of
 * them, and all have equally many batches.
 */
export class EvaluationLoader {
  readonly #options: EvaluationLoaderOptions;
  readonly #batches: ViewBatches;

  constructor(options: EvaluationLoaderOptions) {
    this.#options = options;
    const transform = { purpose: 'evaluation', ...options.transform } as const;
    this.#batches = openViewBatches(options, { transform, seed: 0 }, false);
  }

  /** Pictures that this process measures. */
  get count(): number {
    return dealtLength(this.#options.dataset.pictures.length, this.#part());
  }

  async *batches(): AsyncGenerator<ViewBatch, void, undefined> {
    const { dataset, transform } = this.#options;
    for await (const made of this.#batches.batches(this.#plans())) {
      const { erase, ...batch } = viewBatchOf(made, dataset, transform.size);
      yield batch;
    }
  }

  /** Ends the workers. */
  close(): Promise<void> {
    return this.#batches.close();
  }

  #part() {
    return partsOf(this.#options)[0]!;
  }

  *#plans() {
    const { dataset, batchSize, transform } = this.#options;
    const part = this.#part();
    const total = dataset.pictures.length;
    for (let start = 0; start < total; start += globalBatchSize(this.#options)) {
      const left = total - start;
      const places = Array.from({ length: batchSize }, (_, i) => start + ((i * part.count + part.index) % left));
      const views = places.map((picture) => ({ picture, draw: [0, picture] as const }));
      yield viewPlan(views, dealtLength(Math.min(left, batchSize * part.count), part), transform.size);
    }
  }
}
