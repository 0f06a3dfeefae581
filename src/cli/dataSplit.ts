/** `cmtdet data split A.json IMAGES --out FOLDER`: one annotation file in two, to learn from and to measure on. */
import { join } from 'node:path';
import { cocoHealth } from '../data/coco/health.js';
import { parseCoco } from '../data/coco/parseCoco.js';
import { splitCoco } from '../data/coco/split.js';
import { writeCoco } from '../data/coco/write.js';
import { likenessGroups } from '../data/nearDuplicates.js';
import { makeFolder } from '../formats/makeFolder.js';
import { refuseOverwriting } from '../run/refuseOverwriting.js';
import { print, printJson, table } from './console.js';
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
  const groups = await likenessGroups(file.images, images, lookingLine());
  const { train, val } = splitCoco(file, { valShare: options.val, seed: options.seed, groups });
  const [trainFile, valFile] = [join(options.out, 'train.json'), join(options.out, 'val.json')];
  refuseOverwriting([trainFile, valFile], [annotations]);
  makeFolder(options.out);
  await writeCoco(trainFile, train);
  await writeCoco(valFile, val);
  const alike = groups.length - new Set(groups).size;
  const [learnt, measured] = [cocoHealth(train).categories, cocoHealth(val).categories];
  const categories = learnt.map(({ name, images }, i) => ({ name, train: images, val: measured[i]!.images }));
  if (options.json) {
    printJson({ train: trainFile, val: valFile, images: [train.images.length, val.images.length], alike, categories });
    return;
  }
  print(`${trainFile}: ${train.images.length} pictures, ${train.annotations.length} boxes`);
  print(`${valFile}: ${val.images.length} pictures, ${val.annotations.length} boxes`);
  if (alike > 0) print(`${alike} pictures look like another one: such pictures are on one side.`);
  print(
    `\n${table(
      ['pictures with', 'train', 'val'],
      categories.map(({ name, train, val }) => [name, train, val]),
    )}`,
  );
}
