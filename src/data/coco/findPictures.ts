import { type Dirent, existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import { DatasetError } from '../../errors.js';
import { isJunk } from '../files/names.js';
import type { CocoFile } from './cocoFile.js';
import { sideOfFile } from './sides.js';

/** File names that are tried. */
const tried = 40;
/** How deep folders are looked at, and how many. */
const deepest = 3;
const mostFolders = 2000;

/**
 * The folder that the file names of a COCO json start at: of the folders around it, the one in which most of them are. Where several have
 * as many, as `train/0001.jpg` and `val/0001.jpg`, it is one that is called as the file is (`instances_val.json`), and none of another side.
 *
 * @param annotations where the json is
 * @throws DatasetError where none of them is anywhere
 */
export function findPictures({ images }: Pick<CocoFile, 'images'>, annotations: string): string {
  const step = Math.max(1, Math.floor(images.length / tried));
  const names = images.filter((_, i) => i % step === 0).flatMap(({ file_name }) => file_name ?? []);
  const here = dirname(annotations);
  const roots = /^annotations?|labels?$/i.test(basename(here)) ? [dirname(here), here] : [here];
  let best = { folder: here, count: 0 };
  for (const folder of bySide(
    roots.flatMap((root) => foldersBelow(root)),
    annotations,
  )) {
    const count = names.filter((name) => existsSync(join(folder, name))).length;
    if (count > best.count) best = { folder, count };
    if (count === names.length) break;
  }
  if (best.count > 0) return best.folder;
  const example = names[0] === undefined ? '' : `, as ${names[0]},`;
  const message = `none of its ${images.length} pictures${example} is below ${roots[0]}`;
  throw new DatasetError(annotations, [{ at: 'images', message }], 'The folder of the pictures is given by --images.');
}

/** Folders that are called as the side of the annotations first, those of other sides last. */
function bySide(folders: readonly string[], annotations: string): string[] {
  const own = sideOfFile(basename(annotations));
  if (own === undefined) return [...folders];
  const here = dirname(annotations);
  const rank = (folder: string) => {
    const side = sideOfFile(relative(here, folder).split(sep).join('/'));
    return side === own ? 0 : side === undefined ? 1 : 2;
  };
  return folders.toSorted((a, b) => rank(a) - rank(b));
}

/** The folder itself and those below it, the nearest first. */
function foldersBelow(root: string): string[] {
  const found = [root];
  let level = [root];
  for (let depth = 0; depth < deepest && found.length < mostFolders; depth++) {
    level = level.flatMap((folder) =>
      entriesOf(folder)
        .filter((entry) => (entry.isDirectory() || entry.isSymbolicLink()) && !isJunk(entry.name))
        .map(({ name }) => join(folder, name)),
    );
    found.push(...level);
  }
  return found.slice(0, mostFolders);
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return []; // not to be read, or a link to a file
  }
}
