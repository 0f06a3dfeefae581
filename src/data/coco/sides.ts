/** Which part of a data set a file belongs to, where names of files and folders say it. */
import { basename, dirname } from 'node:path';
import { readText } from '../../formats/text.js';
import { withoutPictureEnding } from '../files/names.js';

/** To learn from, to measure on while choosing, and to measure on in the end. */
export type Side = 'train' | 'val' | 'test';

const sideOfWord: Readonly<Record<string, Side>> = {
  train: 'train',
  training: 'train',
  val: 'val',
  valid: 'val',
  validation: 'val',
  dev: 'val',
  test: 'test',
  testing: 'test',
};

const sideOf = (word: string) => sideOfWord[word.toLowerCase().replace(/\d+$/, '')];

/** The side of an annotation file, by the words of its name and else of its folders: `instances_train2017.json`, `valid/_annotations.json`. */
export function sideOfFile(path: string): Side | undefined {
  for (const part of path.split('/').reverse())
    for (const word of part.split(/[^a-zA-Z0-9]+/)) {
      const side = sideOf(word);
      if (side !== undefined) return side;
    }
  return undefined;
}

/** The side of a picture, by its folders alone: what is called `train.jpg` may show one. */
export function sideOfPicture(path: string): Side | undefined {
  const folders = path.split('/').slice(0, -1);
  return folders.map(sideOf).find((side) => side !== undefined);
}

/** Text files that list the pictures of a side, a name or path a line: VOC's `ImageSets/Main/train.txt`, YOLO's `train.txt`. */
const listFile = /^(.*\/)?(train|val|valid|test)\.txt$/i;

/**
 * The sides that list files name, by the pictures' names without folder and ending.
 *
 * @param files relative to the folder, with `/` @param pathOf where one of them is
 */
export function sidesOfLists(files: readonly string[], pathOf: (name: string) => string): ReadonlyMap<string, Side> {
  const sides = new Map<string, Side>();
  const lists = files.filter((name) => listFile.test(name));
  const main = lists.filter((name) => /ImageSets\/Main/i.test(dirname(name))); // beside lists for other tasks
  for (const name of main.length > 0 ? main : lists) {
    const side = sideOf(basename(name).replace(/\.txt$/i, ''))!;
    for (const line of readText(pathOf(name)).split(/\r?\n/)) {
      const [picture] = line.trim().split(/\s+/);
      if (picture) sides.set(nameOf(picture), side);
    }
  }
  return sides;
}

/** What a picture is called in such a list, whatever folder and ending it has there. */
export const nameOf = (path: string): string => withoutPictureEnding(path.split(/[\\/]/).at(-1)!);
