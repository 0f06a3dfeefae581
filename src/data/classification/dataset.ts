import type { Random } from '../../random.js';
import type { ByteRange } from '../byteRange.js';
import type { Repair } from '../repairs.js';

/** One picture and its class. */
export interface ClassPicture {
  /** Path below the data set's root; of a member of a tar file, its class and name. */
  readonly file: string;
  /** 0 .. K - 1: place of its class in `classes`. */
  readonly label: number;
  /** Where its bytes lie in the tar file that is the root. Absent in folders, where `file` is a file. */
  readonly bytes?: ByteRange;
}

/** Pictures of which each has one class, as ImageNet's. */
export interface ClassificationDataset {
  /** Folder or tar file. */
  readonly root: string;
  /** Names of the classes, usually WordNet ids, in the order of their labels. Part of every checkpoint. */
  readonly classes: readonly string[];
  readonly pictures: readonly ClassPicture[];
  /** What was found in the folder and is no part of the data set. Absent: nothing. */
  readonly repairs?: readonly Repair[];
}

/** Names in the order in which they get labels 0 .. K - 1: by code point, as the published weights have them. */
export function sortedNames(names: Iterable<string>): string[] {
  return [...new Set(names)].sort();
}

/**
 * A share of each class, drawn at random but always the same for a seed, and at least one picture of each.
 *
 * A smaller share is a part of a larger one, so trials can grow.
 */
export function takeFraction(dataset: ClassificationDataset, fraction: number, random: Random): ClassificationDataset {
  if (fraction >= 1) return dataset;
  const ofClass: number[][] = dataset.classes.map(() => []);
  for (const [i, { label }] of dataset.pictures.entries()) ofClass[label]!.push(i);
  const kept = ofClass.flatMap((indices, label) => {
    const count = Math.max(1, Math.round(indices.length * fraction));
    return random.fork(label).shuffle(indices).slice(0, count);
  });
  kept.sort((a, b) => a - b); // the order of the whole set, so that nothing else depends on the draw
  return { ...dataset, pictures: kept.map((i) => dataset.pictures[i]!) };
}
