/** Detection data sets as a config names them. */
import { existsSync, realpathSync } from 'node:fs';
import { relative } from 'node:path';
import type { DetectionConfig } from '../config/schema.js';
import type { CocoFile } from '../data/coco/cocoFile.js';
import { readSplit } from '../data/coco/readSplit.js';
import { type DatasetOptions, type DetectionDataset, openDetectionDataset } from '../data/detection/dataset.js';
import { DetectionLoader } from '../data/detection/loader.js';
import type { DetectionLoaderOptions } from '../data/detection/loaderOptions.js';
import { type Sampler, sampleByRepeatFactor, sampleClassBalanced } from '../data/detection/sampling.js';
import { DatasetError } from '../errors.js';
import type { DetectorDescription } from '../models/checkpoints/description.js';
import { decoderModule } from '../tensorflow/jpegDecoder.js';
import { cacheOptions } from './loaderSettings.js';
import type { DataEvents } from './task.js';

type Split = DetectionConfig['data']['train'];

/** A data set, and the file that it was read from. */
export interface OpenedSplit {
  readonly coco: CocoFile;
  readonly dataset: DetectionDataset;
}

/** Reads a split and looks at every picture of it. `key` is where the config names it. @throws DatasetError with all problems */
export async function openSplit(
  split: Split,
  { key, ...options }: Omit<DatasetOptions, 'source'> & { readonly key?: string },
): Promise<OpenedSplit> {
  if (key !== undefined) checkThere(split, key);
  const coco = readSplit(split);
  return {
    coco,
    dataset: await openDetectionDataset(coco, split.images, { source: split.annotations, ...options }),
  };
}

/** Tells what was mended in a split's file and pictures, and which of them are skipped. @param source the annotation file */
export function tellOfSplit(
  { coco, dataset }: OpenedSplit,
  source: string,
  { onRepair, onSkipped }: Pick<DataEvents, 'onRepair' | 'onSkipped'>,
): void {
  const { repairs, broken } = dataset.summary;
  for (const repair of [...coco.repairs, ...repairs.pictures]) onRepair(source, repair);
  for (const { at, message } of broken) onSkipped({ file: at, reason: message });
}

/** A path of a config that leads nowhere is told with its key. */
function checkThere(split: Split, key: string): void {
  for (const part of ['annotations', 'images'] as const) {
    if (existsSync(split[part])) continue;
    const message = `no such ${part === 'images' ? 'folder' : 'file'}; a relative path starts at the working folder`;
    throw new DatasetError(split[part], [{ at: `${key}.${part}`, message }]);
  }
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

/** Pictures in the order of the file, unchanged but for size, whatever else a config says: what a measurement runs on. */
export function evaluationLoader(
  dataset: DetectionDataset,
  { shortSide, longSide, shapes, colourProfiles }: DetectorDescription['input'],
  batchSize: number,
  options: Partial<DetectionLoaderOptions> = {},
): DetectionLoader {
  return new DetectionLoader({
    dataset,
    batchSize,
    shortSide,
    longSide,
    inferenceShapes: { shapes },
    colourProfiles,
    shuffle: false,
    flip: 0,
    decoder: decoderModule,
    ...options,
  });
}

/** Batches as the config's `data` section wants them. */
export function trainingLoader(
  dataset: DetectionDataset,
  data: Data,
  { batchSize, accumulate, seed }: Pick<DetectionConfig['train'], 'batchSize' | 'accumulate' | 'seed'>,
  options: Partial<DetectionLoaderOptions>,
): DetectionLoader {
  const {
    shortSide,
    longSide,
    multiScale,
    flip,
    mosaic,
    randomCrop,
    photometric,
    maxShapes,
    prefetch,
    onBroken,
    colourProfiles,
  } = data;
  const cache = cacheOptions(data);
  const sampler = samplerOf(dataset, data);
  return new DetectionLoader({
    dataset,
    batchSize,
    accumulate,
    shortSide: multiScale.length > 0 ? multiScale : shortSide,
    longSide,
    maxShapes,
    ...(sampler ? { sampler } : {}),
    flip,
    mosaic,
    ...(randomCrop.probability > 0 ? { randomCrop } : {}),
    ...(photometric.probability > 0 ? { photometric } : {}),
    ...(cache ? { cache } : {}),
    seed,
    prefetch,
    onBroken,
    colourProfiles,
    decoder: decoderModule,
    ...options,
  });
}

function samplerOf({ records }: DetectionDataset, { sampler, repeatThreshold }: Data): Sampler | undefined {
  switch (sampler) {
    case 'none':
      return undefined;
    case 'repeatFactor':
      return sampleByRepeatFactor(records, repeatThreshold);
    case 'classBalanced':
      return sampleClassBalanced(records);
  }
}

/** Loaders report a picture by its whole path; this reports it by the name that the annotation file has for it. */
export function byFileName(images: string, onSkipped: DataEvents['onSkipped']): DataEvents['onSkipped'] {
  const nameOf = namesBelow(images);
  return ({ file, reason }) => onSkipped({ file: nameOf(file), reason });
}

/** From the whole path of a picture to its name below the folder: what the annotation file has for it. */
export function namesBelow(images: string): (file: string) => string {
  const root = realpathSync(images);
  return (file) => relative(root, file);
}
