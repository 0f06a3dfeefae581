/** What a data set holds, in a few letters: the same whenever its records are, wherever and whenever its files were written. */
import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { relative } from 'node:path';
import type { ClassificationDataset } from '../data/classification/dataset.js';
import type { DetectionDataset } from '../data/detection/dataset.js';

/** @param images the folder that the files are below */
export function digestOfDetection({ records }: DetectionDataset, images: string): string {
  const root = realpathSync(images);
  const hash = createHash('sha256');
  for (const { imageId, file, width, height, boxes, labels } of records) {
    hash.update(JSON.stringify([imageId, relative(root, file), width, height, labels.length]));
    hash.update(boxes).update(labels);
  }
  return inWords(records.length, hash.digest('hex'));
}

export function digestOfClasses({ pictures }: ClassificationDataset): string {
  const hash = createHash('sha256');
  for (const { file, label } of pictures) hash.update(JSON.stringify([file, label]));
  return inWords(pictures.length, hash.digest('hex'));
}

const inWords = (pictures: number, digest: string): string => `${pictures} pictures (${digest.slice(0, 16)})`;
