/** Detection data sets as a config names them. */
import type { DetectionConfig } from '../config/schema.js';
import { parseCoco } from '../data/coco/parseCoco.js';
import type { CocoFile } from '../data/coco/schema.js';
import { DetectionLoader, type LoaderOptions } from '../data/detection/loader.js';
import { type DetectionDataset, openDetectionDataset } from '../data/detectionDataset.js';
import { DatasetError } from '../errors.js';

type Split = DetectionConfig['data']['train'];

/** A data set, and the file that it was read from. */
export interface OpenedSplit {
  readonly coco: CocoFile;
  readonly dataset: DetectionDataset;
}

/** Reads a split and looks at every picture of it. @throws DatasetError with all problems */
export async function openSplit(
  split: Split,
  options: { readonly empty: 'keep' | 'drop'; readonly onBroken: 'stop' | 'skip' },
): Promise<OpenedSplit> {
  const whole = parseCoco(split.annotations);
  const coco = split.limit === null ? whole : { ...whole, images: whole.images.slice(0, split.limit) };
  const shown = new Set(coco.images.map(({ id }) => id));
  const kept =
    split.limit === null
      ? coco
      : { ...coco, annotations: coco.annotations.filter(({ image_id }) => shown.has(image_id)) };
  return {
    coco: kept,
    dataset: await openDetectionDataset(kept, split.images, { source: split.annotations, ...options }),
  };
}

/** @throws DatasetError when val has categories that train has not, by id or by name */
export function checkSameCategories(
  train: Pick<DetectionDataset, 'categories'>,
  val: Pick<DetectionDataset, 'categories'>,
  source: string,
): void {
  const names = new Map(train.categories.map(({ id, name }) => [id, name]));
  const problems = val.categories
    .filter(({ id, name }) => names.get(id) !== name)
    .map(({ id, name }) => ({
      at: `categories, id ${id}`,
      message: `${name} here, ${names.get(id) ?? 'nothing'} in the training set`,
    }));
  if (problems.length > 0) throw new DatasetError(source, problems, 'Both files must mean the same by a category id.');
}

type Data = DetectionConfig['data'];

/** Pictures in the order of the file, unchanged but for size: what a measurement runs on. */
export function evaluationLoader(
  dataset: DetectionDataset,
  input: { shortSide: number; longSide: number },
  batchSize: number,
  options: Partial<LoaderOptions> = {},
): DetectionLoader {
  return new DetectionLoader({ dataset, batchSize, ...input, shuffle: false, flip: 0, ...options });
}

export function trainingLoader(
  dataset: DetectionDataset,
  data: Data,
  { batchSize, seed }: { batchSize: number; seed: number },
  options: Partial<LoaderOptions>,
): DetectionLoader {
  const { shortSide, longSide, multiScale, flip, maxShapes, prefetch, onBroken } = data;
  return new DetectionLoader({
    dataset,
    batchSize,
    shortSide: multiScale.length > 0 ? multiScale : shortSide,
    longSide,
    maxShapes,
    flip,
    seed,
    prefetch,
    onBroken,
    ...options,
  });
}
