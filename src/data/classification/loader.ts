import { DatasetError } from '../../errors.js';
import { Random } from '../../random.js';
import { drawMix, type MixOptions, softTargets } from '../augment/mix.js';
import type { BrokenPicture } from '../image/brokenPicture.js';
import type { PixelRect } from '../image/image.js';
import { epochLength, epochOrder, type SamplerOptions } from './sampler.js';
import type { TrainTransform } from './transforms.js';
import { type ViewBatch, ViewBatches, type ViewBatchOptions, type ViewPlan } from './viewBatches.js';

/**
 * A batch to train on. `images` are the views in 8 bits; what the network sees follows from them in this order: normalise,
 * fill each `erase` with noise, mix with the reversed batch. models/mixedInput.ts does it in the graph.
 */
export interface ClassificationBatch extends ViewBatch {
  /** [B, K] soft targets: smoothed, and mixed as the pictures are. */
  readonly targets: Float32Array;
  /** [B, 4] top, left, bottom, right in pixels of the part that noise, N(0, 1), takes; all 0 for none. */
  readonly erase: Int32Array;
  /** [2] weights of a picture and of its partner, the one at B - 1 - i. */
  readonly blend: Float32Array;
  /** [4] top, left, bottom, right of what the partner's pixels take after that; all 0 for nothing. */
  readonly cut: Int32Array;
}

export interface ClassificationLoaderOptions extends ViewBatchOptions {
  readonly transform: TrainTransform;
  readonly mix: MixOptions;
  /** Label smoothing: what the label gives to all classes alike. */
  readonly smoothing: number;
  /** Views of a picture in an epoch (repeated augmentation). Default 1. */
  readonly repeats?: number;
  readonly seed: number;
  /** This machine and their number, where several train together. Default: one. */
  readonly rank?: number;
  readonly world?: number;
}

/** Batches to train a classifier on. Every byte follows from seed, epoch and position, whatever the number of workers. */
export class ClassificationLoader {
  readonly #options: ClassificationLoaderOptions;
  readonly #sampler: SamplerOptions;
  readonly #batches: ViewBatches;

  /** @throws DatasetError when there are fewer pictures than a batch has, or the batch is odd and to be mixed */
  constructor(options: ClassificationLoaderOptions) {
    const { dataset, batchSize, mix, transform, seed, repeats = 1, rank = 0, world = 1 } = options;
    this.#options = options;
    this.#sampler = { count: dataset.pictures.length, repeats, rank, world };
    const available = epochLength(this.#sampler);
    if (available < batchSize) {
      const message = `${available} of them for each machine, fewer than a batch of ${batchSize}`;
      throw new DatasetError(dataset.root, [{ at: 'pictures', message }]);
    }
    if (batchSize % 2 === 1 && (mix.mixupAlpha > 0 || mix.cutmixAlpha > 0) && mix.probability > 0) {
      const message = `a batch of ${batchSize} cannot be mixed with itself in pairs: the middle one would be left`;
      throw new DatasetError(
        dataset.root,
        [{ at: 'train.batchSize', message }],
        'Take an even batch, or no mixup and cutmix.',
      );
    }
    this.#batches = new ViewBatches(options, { transform: { purpose: 'train', ...transform }, seed });
  }

  /** The last, incomplete batch is left out. */
  get batchesPerEpoch(): number {
    return Math.floor(epochLength(this.#sampler) / this.#options.batchSize);
  }

  /** Files that `onBroken: 'skip'` has passed over so far. */
  skipped(): readonly BrokenPicture[] {
    return this.#batches.skipped();
  }

  /** @param skipBatches batches to leave out at the beginning: those that a resumed epoch has behind it */
  async *epoch(epoch: number, { skipBatches = 0 } = {}): AsyncGenerator<ClassificationBatch, void, undefined> {
    const { dataset, transform, mix, smoothing, seed, rank = 0 } = this.#options;
    let step = skipBatches;
    for await (const { erase, ...batch } of this.#batches.batches(this.#plans(epoch, skipBatches))) {
      const { blend, box, lambda } = drawMix(mix, transform.size, new Random(seed).fork(epoch, step++, rank));
      yield {
        ...batch,
        targets: softTargets(batch.labels, dataset.classes.length, smoothing, lambda),
        erase: Int32Array.from(erase.flatMap(corners)),
        blend: Float32Array.of(blend, 1 - blend),
        cut: Int32Array.from(corners(box)),
      };
    }
  }

  /** Ends the workers. An epoch under way is rejected. */
  close(): Promise<void> {
    return this.#batches.close();
  }

  *#plans(epoch: number, skipBatches: number): Generator<ViewPlan> {
    const { batchSize, seed } = this.#options;
    const { rank, world } = this.#sampler;
    const order = epochOrder(this.#sampler, new Random(seed).fork(epoch));
    for (let batch = skipBatches; batch < this.batchesPerEpoch; batch++) {
      const start = batch * batchSize;
      yield {
        pictures: [...order.subarray(start, start + batchSize)],
        draws: Array.from({ length: batchSize }, (_, i) => [epoch, (start + i) * world + rank]),
        distinct: batchSize,
      };
    }
  }
}

/** Top, left, bottom, right. */
function corners(rect: PixelRect | undefined): [number, number, number, number] {
  return rect ? [rect.top, rect.left, rect.top + rect.height, rect.left + rect.width] : [0, 0, 0, 0];
}
