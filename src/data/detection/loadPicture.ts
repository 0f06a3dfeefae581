/** What a worker does for one picture of a batch: from the file, or four files, to its place in the batch's buffer. */
import { ImageError } from '../../errors.js';
import type { LabelledBoxes } from '../../geometry/boxes.js';
import { inputSize, type ResizeRule, type Size } from '../../geometry/size.js';
import { Random } from '../../random.js';
import { fromShared, type MemoryRequest, type SharedImage, toShared } from '../cache/memoryCache.js';
import type { BrokenPicture } from '../image/brokenPicture.js';
import type { PixelRect } from '../image/image.js';
import { type RgbImage, rgbChannels } from '../image/image.js';
import { recycle } from '../image/pixelMemory.js';
import { clearAround, placePart } from './inputPicture.js';
import { coveringPart, mosaicRects } from './mosaic.js';
import { joinTargets, moveTargets, type PartMove } from './parts.js';
import { drawPhotometric, mapColours, type PhotometricOptions } from './photometric.js';
import { drawCrop, type RandomCropOptions } from './randomCrop.js';

/** What changes from epoch to epoch. Everything is drawn from the job's own random numbers. */
export interface AugmentOptions {
  /** Chance of mirroring left to right. */
  readonly flip: number;
  readonly randomCrop?: RandomCropOptions;
  readonly photometric?: PhotometricOptions;
}

export interface PictureSource extends LabelledBoxes, MemoryRequest {
  readonly file: string;
}

export interface PictureJob {
  /** One picture, or the four of a mosaic. LabelledBoxes in original pixels. */
  readonly sources: readonly PictureSource[];
  readonly rule: ResizeRule;
  /** Of this picture's random numbers. */
  readonly seed: number;
  /** Padded size of every picture of the batch. */
  readonly shape: Size;
  /** The batch's pixels, [B, H, W, 3], and this picture's place in it. */
  readonly batch: SharedArrayBuffer;
  readonly place: number;
}

/** A picture that is in its place now. LabelledBoxes in input pixels. */
export interface LoadedPicture extends LabelledBoxes {
  /** Without padding. */
  readonly input: Size;
  /** For each source, what `keepPixels` asked for. */
  readonly kept: readonly (SharedImage | undefined)[];
}

export async function loadPicture(
  job: PictureJob,
  read: (file: string) => Promise<RgbImage>,
  augment: AugmentOptions,
): Promise<LoadedPicture | BrokenPicture> {
  const images: RgbImage[] = [];
  for (const source of job.sources) {
    const image = source.pixels ? fromShared(source.pixels) : await read(source.file).catch(asBroken(source.file));
    if ('reason' in image) return image;
    images.push(image);
  }
  const random = new Random(job.seed);
  const { shape } = job;
  const bytes = shape.width * shape.height * rgbChannels;
  const target = new Uint8Array(job.batch, job.place * bytes, bytes);
  const moves =
    images.length === 1 ? [singleMove(images[0]!, job, augment, random)] : mosaicMoves(images, job, augment, random);
  const moved = moves.map((move, i) => {
    const matrix = augment.photometric && drawPhotometric(augment.photometric, random);
    placePart(matrix ? mapColours(images[i]!, matrix) : images[i]!, move, shape, target);
    return moveTargets(job.sources[i]!, move);
  });
  const input = images.length === 1 ? moves[0]!.target : shape;
  clearAround(input, shape, target);
  const kept = job.sources.map(({ keepPixels }, i) => (keepPixels ? toShared(images[i]!) : undefined));
  for (const [i, image] of images.entries()) if (!job.sources[i]!.pixels) recycle(image);
  return { input: { width: input.width, height: input.height }, ...joinTargets(moved), kept };
}

function asBroken(file: string) {
  return (error: unknown): BrokenPicture => {
    if (error instanceof ImageError) return { file, reason: error.reason };
    throw error;
  };
}

function singleMove(image: RgbImage, job: PictureJob, augment: AugmentOptions, random: Random): PartMove {
  const mirror = random.bool(augment.flip);
  const part = cropOf(image, job.sources[0]!, augment, random);
  return { part, target: { left: 0, top: 0, ...fitting(part, job.rule, job.shape) }, mirror };
}

function mosaicMoves(
  images: readonly RgbImage[],
  job: PictureJob,
  augment: AugmentOptions,
  random: Random,
): PartMove[] {
  return mosaicRects(job.shape, random).map((target, i) => {
    const mirror = random.bool(augment.flip);
    const crop = cropOf(images[i]!, job.sources[i]!, augment, random);
    return { part: coveringPart(crop, target, random), target, mirror };
  });
}

function cropOf(image: RgbImage, { boxes }: LabelledBoxes, { randomCrop }: AugmentOptions, random: Random): PixelRect {
  const whole = { left: 0, top: 0, width: image.width, height: image.height };
  return randomCrop ? drawCrop(whole, boxes, randomCrop, random) : whole;
}

/**
 * The input size by the rule; less where that would not fit the batch: of a crop that has another aspect ratio than its picture,
 * or of a picture that is not of the size that the data set says.
 */
function fitting(part: Size, rule: ResizeRule, shape: Size): Size {
  const wished = inputSize(part, rule);
  if (wished.width <= shape.width && wished.height <= shape.height) return wished;
  const scale = Math.min(shape.width / part.width, shape.height / part.height);
  return {
    width: Math.max(1, Math.floor(part.width * scale)),
    height: Math.max(1, Math.floor(part.height * scale)),
  };
}
