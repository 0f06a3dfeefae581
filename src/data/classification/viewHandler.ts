/** What a worker does for one picture of a batch: from its bytes to its place in the batch's buffer. */
import { Random } from '../../random.js';
import { drawResizedCrop } from '../augment/randomResizedCrop.js';
import { DiskCache } from '../cache/diskCache.js';
import { fromShared, type MemoryRequest, type SharedImage, toShared } from '../cache/memoryCache.js';
import type { CacheOptions } from '../cache/options.js';
import type { BrokenPicture } from '../image/brokenPicture.js';
import { type ChoosePart, type DecodeImage, type PixelRect, type RgbImage, rgbChannels } from '../image/image.js';
import { recycle } from '../image/pixelMemory.js';
import type { JobHandler } from '../parallel/jobs.js';
import type { ClassPicture } from './dataset.js';
import { readPicture } from './readPicture.js';
import {
  type EvaluationTransform,
  evaluationView,
  type TrainTransform,
  type TrainView,
  trainView,
  viewOfCrop,
} from './transforms.js';

/** What the loader tells its workers once. */
export interface ViewSettings {
  /** The data set's folder, or tar file. */
  readonly root: string;
  readonly transform:
    | ({ readonly purpose: 'train' } & TrainTransform)
    | ({ readonly purpose: 'evaluation' } & EvaluationTransform);
  readonly seed: number;
  /** URL of a module that exports `openDecoder(): DecodeImage`. */
  readonly decoder: string;
  readonly cache?: CacheOptions;
}

export interface ViewJob extends MemoryRequest {
  readonly picture: ClassPicture;
  /** Which random numbers: the epoch, and the view's position in it over all machines. */
  readonly draw: readonly [epoch: number, position: number];
  /** The batch's pixels, [B, size, size, 3], and this picture's place in it. */
  readonly batch: SharedArrayBuffer;
  readonly place: number;
}

/** A picture that is in its place now. */
export interface LoadedView {
  readonly erase: PixelRect | undefined;
  /** What `keepPixels` asked for. */
  readonly kept?: SharedImage;
}

/** Opens the decoder with the first picture, then makes one view after the other. */
export function viewHandler({
  root,
  transform,
  seed,
  decoder,
  cache: cacheOptions,
}: ViewSettings): JobHandler<ViewJob, LoadedView | BrokenPicture> {
  const cache = cacheOptions?.kind === 'disk' ? new DiskCache(cacheOptions.folder, cacheOptions.maxBytes) : undefined;
  const random = new Random(seed);
  let opened: Promise<{ openDecoder: () => DecodeImage }> | undefined;
  let decode: DecodeImage | undefined;
  return async ({ picture, pixels, keepPixels = false, draw, batch, place }) => {
    opened ??= import(decoder);
    decode ??= (await opened).openDecoder();
    const bytes = transform.size ** 2 * rgbChannels;
    const target = new Uint8Array(batch, place * bytes, bytes);
    const drawn = random.fork(...draw);
    if (transform.purpose === 'train' && !pixels && !keepPixels && !cache) {
      // Nobody wants the whole picture, so only the crop is decoded.
      const choosePart: ChoosePart = ({ width, height }) => drawResizedCrop(width, height, drawn, transform.crop);
      const crop = await readPicture(root, picture, decode, { choosePart });
      if ('reason' in crop) return crop;
      const view = viewOfCrop(crop, wholeOf(crop), transform, drawn, target);
      recycle(crop);
      return placed(view, target);
    }
    const whole = pixels ? fromShared(pixels) : await readPicture(root, picture, decode, { cache });
    if ('reason' in whole) return whole;
    const view =
      transform.purpose === 'train'
        ? trainView(whole, transform, drawn, target)
        : { image: evaluationView(whole, transform), erase: undefined };
    return { ...placed(view, target), ...(keepPixels && { kept: toShared(whole) }) };
  };
}

const wholeOf = ({ width, height }: RgbImage): PixelRect => ({ left: 0, top: 0, width, height });

/** Puts a view into its place, where it is not there already. */
function placed({ image, erase }: TrainView, target: Uint8Array): LoadedView {
  if (image.data !== target) {
    target.set(image.data);
    recycle(image);
  }
  return { erase };
}
