import type { InputRule } from '../../geometry/size.js';
import type { LoadingOptions } from '../loading/options.js';
import type { Sharing } from '../loading/shard.js';
import type { DetectionDataset } from './dataset.js';
import type { PhotometricOptions } from './photometric.js';
import type { RandomCropOptions } from './randomCrop.js';
import type { Sampler } from './sampling.js';

export interface DetectionLoaderOptions extends LoadingOptions, Sharing {
  readonly dataset: DetectionDataset;
  /** Short side after resizing, in pixels. Of several, each global batch draws one (multi-scale training). */
  readonly shortSide: number | readonly number[];
  /** Limit of the long side, in pixels. */
  readonly longSide: number;
  /** Number of padded shapes, each of which costs a traced graph. Default 8. */
  readonly maxShapes?: number;
  /** For measuring, in place of shapes that suit the data set: each picture has the one that inference gives it. */
  readonly inferenceShapes?: Pick<InputRule, 'shapes'>;
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
}
