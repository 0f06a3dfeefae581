import { DatasetError } from '../../errors.js';
import { Random } from '../../random.js';
import { drawMix, type Mix, type MixOptions, mixes, softTargets } from '../augment/mix.js';
import type { PixelRect } from '../image/image.js';
import type { BatchPlan } from '../loading/pictureBatches.js';
import { deal, globalBatchSize, isShared, partsOf, type Shard } from '../loading/shard.js';
import { epochLength, epochOrder, type SamplerOptions } from './sampler.js';
import type { TrainTransform } from './transforms.js';
import {
  openViewBatches,
  type ViewBatch,
  type ViewBatches,
  type ViewLoaderOptions,
  viewBatchOf,
  viewPlan,
} from './viewBatches.js';
import type { ViewDraw } from './viewHandler.js';

/**
 * A batch to train on. `images` are the views in 8 bits; what the network sees follows from them in this order: normalise,
 * fill each `erase` with noise, mix with the other half of the batch. models/mixedInput.ts does it in the graph.
 */
export interface ClassificationBatch extends ViewBatch {
  /** [B, K] soft targets: smoothed, and mixed as the pictures are. */
  readonly targets: Float32Array;
  /** [B, 4] top, left, bottom, right in pixels of the part that noise, N(0, 1), takes; all 0 for none. */
  readonly erase: Int32Array;
  /** [B] weight of the picture; its partner, B ÷ 2 places on, has the rest. */
  readonly blend: Float32Array;
  /** [B, 4] top, left, bottom, right of what the partner's pixels take after that; all 0 for nothing. */
  readonly cut: Int32Array;
}

export interface ClassificationLoaderOptions extends ViewLoaderOptions {
  readonly transform: TrainTransform;
  readonly mix: MixOptions;
  /** Label smoothing: what the label gives to all classes alike. */
  readonly smoothing: number;
  /** Views of a picture in an epoch (repeated augmentation). Default 1. */
  readonly repeats?: number;
  readonly seed: number;
}

/** A part of the global batch number `update` of an epoch. */
interface Plan extends BatchPlan<ViewDraw> {
  readonly update: number;
  readonly part: Shard;
}

/**
 * Batches to train a classifier on. Every byte follows from seed, epoch and position, whatever the number of workers. How processes
 * and accumulated batches share an epoch: data/loading/shard.ts.
 */
export class ClassificationLoader {
  readonly #options: ClassificationLoaderOptions;
  readonly #sampler: SamplerOptions;
  readonly #batches: ViewBatches;

  /** @throws DatasetError when an update needs more pictures than there are, or its batches cannot be mixed in halves */
  constructor(options: ClassificationLoaderOptions) {
    const { dataset, transform, seed, repeats = 1 } = options;
    this.#options = options;
    this.#sampler = { count: dataset.pictures.length, repeats };
    checkSizes(options, epochLength(this.#sampler));
    this.#batches = openViewBatches(
      options,
      { transform: { purpose: 'train', ...transform }, seed },
      isShared(options),
    );
  }

  /** Those of the last, incomplete global batch are left out. */
  get batchesPerEpoch(): number {
    return this.#updates * partsOf(this.#options).length;
  }

  /** Names of the pictures that are being read, the oldest first. */
  underWay(): string[] {
    return this.#batches.underWay();
  }

  /** @param skipBatches batches to leave out at the beginning: those that a resumed epoch has behind it */
  async *epoch(epoch: number, { skipBatches = 0 } = {}): AsyncGenerator<ClassificationBatch, void, undefined> {
    const { dataset, transform, smoothing } = this.#options;
    for await (const made of this.#batches.batches(this.#plans(epoch, skipBatches))) {
      const { erase, ...batch } = viewBatchOf(made, dataset, transform.size);
      const mix = this.#mixOf(epoch, made.plan);
      const lambdas = mix.map(({ lambda }) => lambda);
      yield {
        ...batch,
        targets: softTargets(batch.labels, dataset.classes.length, smoothing, lambdas),
        erase: Int32Array.from(erase.flatMap(corners)),
        blend: Float32Array.from(mix, ({ blend }) => blend),
        cut: Int32Array.from(mix.flatMap(({ box }) => corners(box))),
      };
    }
  }

  /** Ends the workers. An epoch under way is rejected. */
  close(): Promise<void> {
    return this.#batches.close();
  }

  get #updates(): number {
    return Math.floor(epochLength(this.#sampler) / globalBatchSize(this.#options));
  }

  *#plans(epoch: number, skipBatches: number): Generator<Plan> {
    const { seed, transform } = this.#options;
    const size = globalBatchSize(this.#options);
    const order = epochOrder(this.#sampler, new Random(seed).fork(epoch));
    const parts = partsOf(this.#options);
    for (let batch = skipBatches; batch < this.batchesPerEpoch; batch++) {
      const update = Math.floor(batch / parts.length);
      const part = parts[batch % parts.length]!;
      const positions = deal(
        Array.from({ length: size }, (_, i) => update * size + i),
        part,
      );
      const views = positions.map((position) => ({ picture: order[position]!, draw: [epoch, position] as const }));
      yield { ...viewPlan(views, views.length, transform.size), update, part };
    }
  }

  /** [B] how each picture of a part is mixed: as drawn for its group, of which the picture at position i belongs to the one at i mod groups. */
  #mixOf(epoch: number, { places, update, part }: Plan): Mix[] {
    const { mix, transform, seed } = this.#options;
    const drawn = Array.from({ length: mix.groups }, (_, group) =>
      drawMix(mix, transform.size, new Random(seed).fork(epoch, update, group)),
    );
    return places.map((_, i) => drawn[(i * part.count + part.index) % mix.groups]!);
  }
}

function checkSizes(options: ClassificationLoaderOptions, available: number): void {
  const { dataset, batchSize, mix, accumulate = 1, shard } = options;
  const size = globalBatchSize(options);
  if (available < size) {
    const factors = [
      `train.batchSize ${batchSize}`,
      ...(accumulate > 1 ? [`train.accumulate ${accumulate}`] : []),
      ...(shard && shard.count > 1 ? [`${shard.count} processes`] : []),
    ];
    const message = `${available}, fewer than the ${size} of an update (${factors.join(' × ')})`;
    throw new DatasetError(dataset.root, [{ at: 'pictures', message }]);
  }
  if (!mixes(mix)) return;
  if (batchSize % 2 === 1) {
    throw new DatasetError(
      dataset.root,
      [{ at: 'train.batchSize', message: `the halves of a batch of ${batchSize} cannot be mixed with each other` }],
      'Take an even batch, or no mixup and cutmix.',
    );
  }
  if (size % (2 * mix.groups) !== 0) {
    const message = `an update of ${size} pictures cannot be mixed in ${mix.groups} groups of pairs`;
    throw new DatasetError(dataset.root, [{ at: 'data.mixGroups', message }], 'Take a divisor of half the update.');
  }
}

/** Top, left, bottom, right. */
function corners(rect: PixelRect | undefined): [number, number, number, number] {
  return rect ? [rect.top, rect.left, rect.top + rect.height, rect.left + rect.width] : [0, 0, 0, 0];
}
