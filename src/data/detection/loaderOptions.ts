import type { CacheOptions } from '../cache/options.js';
import type { BrokenPicture } from '../image/brokenPicture.js';
import type { DetectionDataset } from './dataset.js';
import type { PhotometricOptions } from './photometric.js';
import type { RandomCropOptions } from './randomCrop.js';
import type { Sampler } from './sampling.js';

export interface DetectionLoaderOptions {
  readonly dataset: DetectionDataset;
  readonly batchSize: number;
  /** Short side after resizing, in pixels. Of several, each batch draws one (multi-scale training). */
  readonly shortSide: number | readonly number[];
  /** Limit of the long side, in pixels. */
  readonly longSide: number;
  /** Number of padded shapes, each of which costs a traced graph. Default 8. */
  readonly maxShapes?: number;
  /** Default true. False, and `flip` 0, is for measuring: every picture once, a group's pictures in the order of the data set. */
  readonly shuffle?: boolean;
  readonly seed?: number;
  /** Which pictures make a shuffled epoch. Default: all of them, once. */
  readonly sampler?: Sampler;
  /** Chance of mirroring a picture left to right. Default 0.5. */
  readonly flip?: number;
  /** Chance that a picture becomes a mosaic with three others. Default 0. */
  readonly mosaic?: number;
  /** Default: none. */
  readonly randomCrop?: RandomCropOptions;
  /** Default: none. */
  readonly photometric?: PhotometricOptions;
  /** Of `count` processes that train together, this one: each gets every `count`-th batch, and all get equally many. */
  readonly shard?: { readonly index: number; readonly count: number };
  /** Threads that decode and resize; 0 does it in this one. Default 1. */
  readonly workers?: number;
  /** Batches that are made before they are asked for. Default 4. */
  readonly prefetch?: number;
  /** Where decoded pictures stay from epoch to epoch. Default: nowhere. */
  readonly cache?: CacheOptions;
  /** A picture that cannot be read: an error, or the good ones of its batch take its place. Default `stop`. */
  readonly onBroken?: 'stop' | 'skip';
  /** Told once about each file that `skip` passed over. */
  readonly onSkipped?: (picture: BrokenPicture) => void;
  /** URL of a module that exports `openDecoder(): DecodeImage`; the reader of all formats by default. */
  readonly decoder?: URL;
}

export const loaderDefaults = {
  maxShapes: 8,
  shuffle: true,
  seed: 0,
  flip: 0.5,
  mosaic: 0,
  shard: { index: 0, count: 1 },
  workers: 1,
  prefetch: 4,
  onBroken: 'stop',
} as const satisfies Partial<DetectionLoaderOptions>;

/** Options with the defaults filled in. */
export type FilledOptions = DetectionLoaderOptions &
  Required<Pick<DetectionLoaderOptions, keyof typeof loaderDefaults>>;
