/** What a worker does for one picture of a batch: from the file to its place in the batch's buffer. */
import { ImageError } from '../../errors.js';
import type { DecodeImage, RgbImage } from '../image/image.js';
import { rgbChannels } from '../image/image.js';
import { placeInput } from './inputPicture.js';
import { inputSize, type ResizeRule, type Size } from './inputSize.js';

export interface PictureJob {
  readonly file: string;
  /** [G, 4] xyxy in original pixels. */
  readonly boxes: Float32Array;
  /** [G] */
  readonly labels: Int32Array;
  readonly rule: ResizeRule;
  readonly flip: boolean;
  /** Padded size of every picture of the batch. */
  readonly shape: Size;
  /** The batch's pixels, [B, H, W, 3], and this picture's place in it. */
  readonly batch: SharedArrayBuffer;
  readonly place: number;
}

/** A picture that is in its place now. */
export interface LoadedPicture {
  readonly original: Size;
  /** Without padding. */
  readonly input: Size;
  /** [G, 4] xyxy in input pixels. */
  readonly boxes: Float32Array;
  readonly labels: Int32Array;
}

/** A file with no whole picture in it, as data: errors do not keep their class between threads. */
export interface BrokenPicture {
  readonly file: string;
  readonly reason: string;
}

export async function loadPicture(job: PictureJob, decode: DecodeImage): Promise<LoadedPicture | BrokenPicture> {
  let image: RgbImage;
  try {
    image = await decode(job.file);
  } catch (error) {
    if (error instanceof ImageError) return { file: job.file, reason: error.reason };
    throw error;
  }
  const input = fitting(image, job.rule, job.shape);
  const bytes = job.shape.width * job.shape.height * rgbChannels;
  placeInput(image, input, job.shape, job.flip, new Uint8Array(job.batch, job.place * bytes, bytes));
  return {
    original: { width: image.width, height: image.height },
    input,
    boxes: boxesFor(job, image, input),
    labels: job.labels,
  };
}

/** The input size by the rule; less, if the picture is not of the shape that the data set promised and would not fit. */
function fitting(image: Size, rule: ResizeRule, shape: Size): Size {
  const wished = inputSize(image, rule);
  if (wished.width <= shape.width && wished.height <= shape.height) return wished;
  const scale = Math.min(shape.width / image.width, shape.height / image.height);
  return {
    width: Math.max(1, Math.floor(image.width * scale)),
    height: Math.max(1, Math.floor(image.height * scale)),
  };
}

/** [G, 4] scaled by the ratio that each axis really has after rounding, then mirrored like the pixels. */
function boxesFor({ boxes, flip }: PictureJob, original: Size, input: Size): Float32Array {
  const across = input.width / original.width;
  const down = input.height / original.height;
  const result = new Float32Array(boxes.length);
  for (let i = 0; i < boxes.length; i += 4) {
    const x1 = boxes[i]! * across;
    const x2 = boxes[i + 2]! * across;
    result[i] = flip ? input.width - x2 : x1;
    result[i + 1] = boxes[i + 1]! * down;
    result[i + 2] = flip ? input.width - x1 : x2;
    result[i + 3] = boxes[i + 3]! * down;
  }
  return result;
}
