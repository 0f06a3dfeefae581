/** `cmtdet data split A.json IMAGES --out FOLDER`: one annotation file in two, to learn from and to measure on. */
import { cocoHealth } from '../data/coco/health.js';
import { parseCoco } from '../data/coco/parseCoco.js';
import { splitData } from '../run/splitData.js';
import { firstOf, print, printJson, table, warn } from './console.js';
import { lookingLine } from './lookingLine.js';

export interface DataSplitOptions {
  readonly out: string;
  /** Share of the pictures to measure on. */
  readonly val: number;
  readonly seed: number;
  readonly json?: boolean;
}

export async function runDataSplit(annotations: string, images: string, options: DataSplitOptions): Promise<void> {
  const file = parseCoco(annotations);
  const { out, val: share, seed } = options;
  const how = { out, val: share, seed, read: [annotations], onLooked: lookingLine() };
  const { train, val, alike, unreadable } = await splitData({ file, images, ...how });
  const [learnt, measured] = [cocoHealth(train.file).categories, cocoHealth(val.file).categories];
  const categories = learnt.map(({ name, images }, i) => ({ name, train: images, val: measured[i]!.images }));
  if (options.json) {
    const images = [train.file.images.length, val.file.images.length];
    printJson({ train: train.path, val: val.path, images, alike, unreadable, categories });
    return;
  }
  for (const { path, file } of [train, val])
    print(`${path}: ${file.images.length} pictures, ${file.annotations.length} boxes`);
  if (alike > 0) print(`${alike} pictures look like another one: such pictures are on one side.`);
  if (unreadable.length > 0)
    warn(
      `${unreadable.length} pictures cannot be read, so that they may look like another one: ${firstOf(unreadable)}`,
    );
  print(
    `\n${table(
      ['pictures with', 'train', 'val'],
      categories.map(({ name, train, val }) => [name, train, val]),
    )}`,
  );
}
