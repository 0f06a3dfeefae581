/** What a worker does for one picture of a batch: from its bytes to its place in the batch's buffer. */
import { closeSync, openSync, read } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ImageError } from '../../errors.js';
import { Random } from '../../random.js';
import { drawResizedCrop } from '../augment/randomResizedCrop.js';
import type { BrokenPicture } from '../detection/loadPicture.js';
import { type ChoosePart, type DecodeImage, type PixelRect, type RgbImage, rgbChannels } from '../image/image.js';
import type { JobHandler } from '../parallel/jobs.js';
import type { ByteRange, ClassPicture } from './dataset.js';
import {
  type EvaluationTransform,
  evaluationView,
  type TrainTransform,
  type TrainView,
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
}

export interface ViewJob {
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
}

/** Opens the decoder with the first picture, then makes one view after the other. */
export function viewHandler({
  root,
  transform,
  seed,
  decoder,
}: ViewSettings): JobHandler<ViewJob, LoadedView | BrokenPicture> {
  let opened: Promise<{ openDecoder: () => DecodeImage }> | undefined;
  let decode: DecodeImage | undefined;
  const random = new Random(seed);
  return async ({ picture, draw, batch, place }) => {
    opened ??= import(decoder);
    decode ??= (await opened).openDecoder();
    const bytes = transform.size ** 2 * rgbChannels;
    const pixels = new Uint8Array(batch, place * bytes, bytes);
    const view =
      transform.purpose === 'train'
        ? await readTrainView(root, picture, decode, transform, random.fork(...draw), pixels)
        : await readEvaluationView(root, picture, decode, transform);
    if ('reason' in view) return view;
    const { image, erase } = view;
    if (image.data !== pixels) pixels.set(image.data);
    return { erase };
  };
}

/** As `trainView`, but that only the crop is decoded. */
async function readTrainView(
  root: string,
  picture: ClassPicture,
  decode: DecodeImage,
  transform: TrainTransform,
  random: Random,
  pixels: Uint8Array,
): Promise<TrainView | BrokenPicture> {
  const choosePart: ChoosePart = ({ width, height }) => drawResizedCrop(width, height, random, transform.crop);
  const decoded = await readPicture(root, picture, decode, choosePart);
  if ('reason' in decoded) return decoded;
  const { width, height } = decoded;
  return viewOfCrop(decoded, { left: 0, top: 0, width, height }, transform, random, pixels);
}

async function readEvaluationView(
  root: string,
  picture: ClassPicture,
  decode: DecodeImage,
  transform: EvaluationTransform,
): Promise<TrainView | BrokenPicture> {
  const decoded = await readPicture(root, picture, decode);
  return 'reason' in decoded ? decoded : { image: evaluationView(decoded, transform), erase: undefined };
}

/** Decodes one picture of a data set, or a part of it. */
export async function readPicture(
  root: string,
  { file, bytes }: ClassPicture,
  decode: DecodeImage,
  choosePart?: ChoosePart,
): Promise<RgbImage | BrokenPicture> {
  try {
    return await decode(bytes ? await readRange(root, bytes) : join(root, file), choosePart);
  } catch (error) {
    if (error instanceof ImageError) return { file, reason: error.reason };
    throw error;
  }
}

const readAt = promisify(read);

/** Opens the file each time: that takes microseconds, and nothing has to be closed at the end. */
async function readRange(path: string, { offset, length }: ByteRange): Promise<Uint8Array> {
  const descriptor = openSync(path, 'r');
  try {
    const buffer = new Uint8Array(length);
    const { bytesRead } = await readAt(descriptor, buffer, 0, length, offset);
    return buffer.subarray(0, bytesRead); // a file that was cut since it was listed gives a broken picture
  } finally {
    closeSync(descriptor);
  }
}
