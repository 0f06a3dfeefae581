/** Divides one annotation file in two: to learn from, and to measure on. */
import { join } from 'node:path';
import type { CocoFile } from '../data/coco/cocoFile.js';
import { splitCoco } from '../data/coco/split.js';
import { writeCoco } from '../data/coco/write.js';
import { likenessGroups } from '../data/nearDuplicates.js';
import { makeFolder } from '../formats/makeFolder.js';
import { refuseOverwriting } from './refuseOverwriting.js';

export interface SplitDataOptions {
  readonly file: CocoFile;
  /** Folder that the file names start at. */
  readonly images: string;
  /** Where `train.json` and `val.json` go. */
  readonly out: string;
  /** Share of the pictures to measure on. */
  readonly val: number;
  /** Another one gives another split. */
  readonly seed: number;
  /** Files that must not be written over. */
  readonly read: readonly string[];
  readonly onLooked?: ((done: number, total: number) => void) | undefined;
}

export interface SplitData {
  readonly train: { readonly path: string; readonly file: CocoFile };
  readonly val: { readonly path: string; readonly file: CocoFile };
  /** Pictures that look like another one, which are on one side with it. */
  readonly alike: number;
  /** Pictures that could not be read, so that nobody knows what they look like. */
  readonly unreadable: readonly string[];
}

/** Each class has its share on both sides, and pictures that look alike are on one. */
export async function splitData({
  file,
  images,
  out,
  val,
  seed,
  read,
  onLooked,
}: SplitDataOptions): Promise<SplitData> {
  const paths = { train: join(out, 'train.json'), val: join(out, 'val.json') };
  refuseOverwriting([paths.train, paths.val], read);
  const { groups, unreadable } = await likenessGroups(file.images, images, onLooked);
  const split = splitCoco(file, { valShare: val, seed, groups });
  makeFolder(out);
  await writeCoco(paths.train, split.train);
  await writeCoco(paths.val, split.val);
  return {
    train: { path: paths.train, file: split.train },
    val: { path: paths.val, file: split.val },
    alike: groups.length - new Set(groups).size,
    unreadable,
  };
}
