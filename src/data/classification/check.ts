import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { BrokenPicture } from '../image/brokenPicture.js';
import { openDecoder } from '../image/decode.js';
import type { DecodeImage } from '../image/image.js';
import { readImageSize } from '../image/imageSize.js';
import { decodeFilePart, orBroken } from '../loading/pictureReader.js';
import { orderedPrefetch } from '../parallel/orderedPrefetch.js';
import type { ClassificationDataset, ClassPicture } from './dataset.js';
import { filePart } from './viewBatches.js';

/** The health of a classification data set. */
export interface ClassificationHealth {
  readonly pictures: number;
  readonly classes: readonly { readonly name: string; readonly pictures: number }[];
  /** Pictures that cannot be read, in the order of the data set. */
  readonly bad: readonly BrokenPicture[];
  /** Sides of the smallest and the largest readable picture by area, in pixels; null where none is readable. */
  readonly smallest: PictureSize | null;
  readonly largest: PictureSize | null;
}

export interface PictureSize {
  readonly file: string;
  readonly width: number;
  readonly height: number;
}

export interface CheckOptions {
  /** Decode the whole picture: a header can be fine where the pixels are cut off. False looks at the header only. @default true */
  readonly pixels?: boolean;
  /** Pictures decoded at once. Default: two for each core. */
  readonly parallel?: number;
  readonly decode?: DecodeImage;
  /** Called after each picture. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Looks at every picture of a data set, and decodes it as training would. */
export async function checkClassificationDataset(
  { root, classes, pictures }: ClassificationDataset,
  { pixels = true, parallel = 2 * availableParallelism(), decode = openDecoder(), onProgress }: CheckOptions = {},
): Promise<ClassificationHealth> {
  const counts = new Uint32Array(classes.length);
  const bad: BrokenPicture[] = [];
  let [smallest, largest]: [PictureSize | null, PictureSize | null] = [null, null];
  let done = 0;
  const sizeOf = (picture: ClassPicture) => (pixels ? decodedSize(root, picture, decode) : headerSize(root, picture));
  const look = async (picture: ClassPicture) => ({ picture, outcome: await sizeOf(picture) });
  for await (const { picture, outcome } of orderedPrefetch(pictures, look, parallel)) {
    counts[picture.label]!++;
    if ('reason' in outcome) bad.push(outcome);
    else {
      if (smallest === null || area(outcome) < area(smallest)) smallest = outcome;
      if (largest === null || area(outcome) > area(largest)) largest = outcome;
    }
    onProgress?.(++done, pictures.length);
  }
  return {
    pictures: pictures.length,
    classes: classes.map((name, label) => ({ name, pictures: counts[label]! })),
    bad,
    smallest,
    largest,
  };
}

/** Keeps no pixels: they would wait in the queue. */
async function decodedSize(
  root: string,
  picture: ClassPicture,
  decode: DecodeImage,
): Promise<PictureSize | BrokenPicture> {
  const decoded = await orBroken(picture.file, decodeFilePart(decode, filePart(root, picture)));
  return 'reason' in decoded ? decoded : { file: picture.file, width: decoded.width, height: decoded.height };
}

async function headerSize(root: string, { file, bytes }: ClassPicture): Promise<PictureSize | BrokenPicture> {
  const size = await orBroken(file, bytes ? readImageSize(root, bytes) : readImageSize(join(root, file)));
  return 'reason' in size ? size : { file, ...size };
}

function area({ width, height }: PictureSize): number {
  return width * height;
}
