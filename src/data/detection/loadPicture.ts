/** What a worker does for one place of a batch: from the file, or four files, to the batch's buffer. */
import type { LabelledBoxes } from '../../geometry/boxes.js';
import { inputSize, type ResizeRule, type Size } from '../../geometry/size.js';
import { Random } from '../../random.js';
import { copyOf, type PixelRect, type RgbImage, rgbChannels } from '../image/image.js';
import { recycle } from '../image/pixelMemory.js';
import {
  type HandlerSettings,
  keptOf,
  type PictureHandler,
  type PictureJob,
  type PictureSource,
  pixelsOf,
} from '../loading/pictureJob.js';
import { pictureReader } from '../loading/pictureReader.js';
import { clearAround, placePart } from './inputPicture.js';
import { coveringPart, mosaicRects } from './mosaic.js';
import { joinTargets, moveTargets, type PartMove } from './parts.js';
import { type ColourMatrix, drawPhotometric, mapColours, type PhotometricOptions } from './photometric.js';
import { drawCrop, type RandomCropOptions } from './randomCrop.js';

/** What changes from epoch to epoch. Everything is drawn from the place's own random numbers. */
export interface AugmentOptions {
  /** Chance of mirroring left to right. */
  readonly flip: number;
  readonly randomCrop?: RandomCropOptions;
  readonly photometric?: PhotometricOptions;
}

/** Boxes in original pixels. */
export interface BoxedSource extends PictureSource, LabelledBoxes {}

export interface InputOptions {
  readonly rule: ResizeRule;
  /** Padded size of every picture of the batch. */
  readonly shape: Size;
  /** Of this place's random numbers. */
  readonly seed: number;
}

/** A picture that is in its place now. Boxes in input pixels. */
export interface LoadedPicture extends LabelledBoxes {
  /** Without padding. */
  readonly input: Size;
}

type Job = PictureJob<BoxedSource, InputOptions>;

export function detectionHandler({
  reader,
  task: augment,
}: HandlerSettings<AugmentOptions>): PictureHandler<BoxedSource, InputOptions, LoadedPicture> {
  const { read } = pictureReader(reader);
  return async (job) => {
    const images: RgbImage[] = [];
    for (const source of job.sources) {
      const image = await pixelsOf(source, read);
      if ('reason' in image) return image;
      images.push(image);
    }
    const made = fillPlace(images, job, augment);
    const kept = job.sources.map((source, i) => keptOf(source, images[i]!));
    for (const [i, image] of images.entries()) if (!job.sources[i]!.pixels) recycle(image);
    return { made, kept };
  };
}

/** Puts one picture, or the four of a mosaic, into their place. */
function fillPlace(images: readonly RgbImage[], job: Job, augment: AugmentOptions): LoadedPicture {
  const { shape, seed } = job.how;
  const random = new Random(seed);
  const bytes = shape.width * shape.height * rgbChannels;
  const target = new Uint8Array(job.batch, job.place * bytes, bytes);
  const moves =
    images.length === 1 ? [singleMove(images[0]!, job, augment, random)] : mosaicMoves(images, job, augment, random);
  const moved = moves.map((move, i) => {
    const matrix = augment.photometric && drawPhotometric(augment.photometric, random);
    if (matrix) placeMapped(images[i]!, matrix, move, shape, target);
    else placePart(images[i]!, move, shape, target);
    return moveTargets(job.sources[i]!, move);
  });
  const input = images.length === 1 ? moves[0]!.target : shape;
  clearAround(input, shape, target);
  return { input: { width: input.width, height: input.height }, ...joinTargets(moved) };
}

/** As `placePart`, with the colours of the part mapped: not of the rest, which nobody looks at. */
function placeMapped(image: RgbImage, matrix: ColourMatrix, move: PartMove, shape: Size, target: Uint8Array): void {
  const mapped = mapColours(copyOf(image, move.part), matrix);
  const part = { ...move.part, left: 0, top: 0 };
  placePart(mapped, { ...move, part }, shape, target);
}

function singleMove(image: RgbImage, job: Job, augment: AugmentOptions, random: Random): PartMove {
  const mirror = random.bool(augment.flip);
  const part = cropOf(image, job.sources[0]!, augment, random);
  return { part, target: { left: 0, top: 0, ...fitting(part, job.how.rule, job.how.shape) }, mirror };
}

function mosaicMoves(images: readonly RgbImage[], job: Job, augment: AugmentOptions, random: Random): PartMove[] {
  return mosaicRects(job.how.shape, random).map((target, i) => {
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
