import { readdir, realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, normalize, relative, resolve, sep } from 'node:path';
import { DatasetError } from '../errors.js';

/** Why a file name of an annotation file leads to no file. The message names neither the root nor the annotation file. */
export class PathError extends Error {
  override readonly name = 'PathError';

  /** @param kind `missing`: there is nothing of that name; `broken`: the name or what it leads to is refused */
  constructor(
    message: string,
    readonly kind: 'missing' | 'broken' = 'broken',
  ) {
    super(message);
  }
}

/** A folder of pictures, out of which no file name leads. */
export interface ImageRoot {
  /**
   * The absolute path of the file that an annotation file calls `fileName`.
   *
   * @throws PathError when it is not there, or is outside of the folder
   */
  find(fileName: string): Promise<string>;
}

/** @throws DatasetError when there is no such folder */
export async function openImageRoot(folder: string): Promise<ImageRoot> {
  const root = await realpath(folder).catch(() => {
    throw new DatasetError(folder, [{ at: '(folder)', message: 'no such folder of pictures' }]);
  });
  const listings = new Map<string, Promise<Map<string, string>>>();
  return {
    async find(fileName) {
      const path = pathBelow(root, fileName);
      const real = (await existing(path)) ?? (await existing(await otherSpelling(path)));
      if (real === undefined) throw new PathError(`no such file${await caseHint(path, listings)}`, 'missing');
      if (leaves(relative(root, real))) throw new PathError('is a link that leads out of the image folder');
      return real;
    },
  };
}

/**
 * The path of `fileName` below `root`, by its letters alone. A back-slash, as written on Windows, separates folders too;
 * `a/../b.jpg` is `b.jpg`.
 *
 * @throws PathError when the name is absolute or leads out of the root
 */
export function pathBelow(root: string, fileName: string): string {
  const name = normalize(fileName.replaceAll('\\', '/'));
  if (isAbsolute(name) || /^[a-z]:/i.test(name))
    throw new PathError('is an absolute path, expected one below the image folder');
  if (leaves(name)) throw new PathError('leads out of the image folder');
  return join(resolve(root), name);
}

function leaves(relativePath: string): boolean {
  return relativePath === '..' || relativePath.startsWith(`..${sep}`) || isAbsolute(relativePath);
}

async function existing(path: string): Promise<string | undefined> {
  return realpath(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw new PathError(error.code === 'ELOOP' ? 'is a link that leads to itself' : error.message);
  });
}

/** macOS writes an accented letter as two code points, others as one; the files of one often meet the json of the other. */
async function otherSpelling(path: string): Promise<string> {
  const composed = path.normalize('NFC');
  return composed === path ? path.normalize('NFD') : composed;
}

/** Names the file that differs in upper and lower case only, if there is one: Windows and macOS do not tell them apart. */
async function caseHint(path: string, listings: Map<string, Promise<Map<string, string>>>): Promise<string> {
  const folder = dirname(path);
  const listing = listings.get(folder) ?? namesByLowerCase(folder);
  listings.set(folder, listing); // a data set may miss thousands of files of one folder
  const similar = (await listing).get(basename(path).toLowerCase());
  return similar === undefined ? '' : `, but there is ${JSON.stringify(similar)}: upper and lower case differ`;
}

async function namesByLowerCase(folder: string): Promise<Map<string, string>> {
  const names = await readdir(folder).catch(() => []);
  return new Map(names.map((name) => [name.toLowerCase(), name]));
}
