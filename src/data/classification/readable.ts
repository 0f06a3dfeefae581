import { join } from 'node:path';
import { DatasetError, ImageError } from '../../errors.js';
import type { BrokenPicture } from '../image/brokenPicture.js';
import { readImageSize } from '../image/imageSize.js';
import { orderedPrefetch } from '../parallel/orderedPrefetch.js';
import type { Repair } from '../repairs.js';
import type { ClassificationDataset, ClassPicture } from './dataset.js';

/** Picture headers read at a time. */
const filesAtOnce = 64;

export interface ReadableOptions {
  readonly onBroken: 'stop' | 'skip';
  /** Told about each picture that `skip` leaves out. */
  readonly onSkipped: (picture: BrokenPicture) => void;
  /** Told what else was left out of the data set. */
  readonly onRepair?: (source: string, repair: Repair) => void;
  /** What to tell people who want to go on without them. */
  readonly howToSkip?: string;
  readonly onLooked?: ((done: number, total: number) => void) | undefined;
}

/**
 * The data set without pictures that cannot be read, as far as their headers show it: empty files, web pages, what is gone. About
 * two minutes for ImageNet's training set, before the first step instead of days after it.
 *
 * @throws DatasetError with all of them, where the policy is to stop
 */
export async function readablePart(
  dataset: ClassificationDataset,
  { onBroken, onSkipped, onRepair, howToSkip = 'data.onBroken = skip', onLooked }: ReadableOptions,
): Promise<ClassificationDataset> {
  const { root } = dataset;
  for (const repair of dataset.repairs ?? []) onRepair?.(root, repair);
  const pictures: ClassPicture[] = [];
  const broken: BrokenPicture[] = [];
  const look = async (picture: ClassPicture) => ({ picture, reason: await whyUnreadable(root, picture) });
  for await (const { picture, reason } of orderedPrefetch(dataset.pictures, look, filesAtOnce)) {
    onLooked?.(pictures.length + broken.length + 1, dataset.pictures.length);
    if (reason === undefined) pictures.push(picture);
    else broken.push({ file: picture.file, reason });
  }
  if (broken.length === 0) return dataset;
  const problems = broken.map(({ file, reason }) => ({ at: file, message: reason }));
  if (onBroken === 'stop') throw new DatasetError(root, problems, `To go on without them: ${howToSkip}.`);
  if (pictures.length === 0) throw new DatasetError(root, problems, 'No picture is left to go on with.');
  for (const picture of broken) onSkipped(picture);
  return { ...dataset, pictures };
}

async function whyUnreadable(root: string, { file, bytes }: ClassPicture): Promise<string | undefined> {
  try {
    await (bytes ? readImageSize(root, bytes) : readImageSize(join(root, file)));
    return undefined;
  } catch (error) {
    if (error instanceof ImageError) return error.reason;
    throw error;
  }
}
