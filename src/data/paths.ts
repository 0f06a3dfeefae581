import { readdir, realpath } from 'node:fs/promises';
import { isAbsolute, join, normalize, relative, resolve, sep } from 'node:path';
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
  const folders = new FolderNames();
  return {
    async find(fileName) {
      const path = pathBelow(root, fileName);
      const real = (await existing(path)) ?? (await existingInOtherForm(root, path, folders));
      if (real === undefined) throw new PathError(`no such file${await caseHint(root, path, folders)}`, 'missing');
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
  if (fileName.includes('\0')) throw new PathError('has a character in it that no file name can have');
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
const unicodeForm = (name: string) => name.normalize('NFC');
/** Windows and macOS do not tell upper and lower case apart. */
const caseless = (name: string) => unicodeForm(name).toLowerCase();

async function existingInOtherForm(root: string, path: string, folders: FolderNames): Promise<string | undefined> {
  const other = await folders.find(root, path, unicodeForm);
  return other === undefined ? undefined : existing(other);
}

/** Names the file that differs in upper and lower case only, if there is one. */
async function caseHint(root: string, path: string, folders: FolderNames): Promise<string> {
  const similar = await folders.find(root, path, caseless);
  if (similar === undefined) return '';
  return `, but there is ${JSON.stringify(relative(root, similar))}: upper and lower case differ`;
}

/** What is in folders. Each is read once: a data set may miss thousands of files of one. */
class FolderNames {
  /** By folder: its names by their caseless forms. */
  readonly #read = new Map<string, Promise<Map<string, string[]>>>();

  /** The path below `root` that is there and whose every part has the same `form`, if there is one. */
  async find(root: string, path: string, form: (name: string) => string): Promise<string | undefined> {
    let found = root;
    for (const part of relative(root, path).split(sep)) {
      const similar = (await this.#names(found)).get(caseless(part)) ?? [];
      const same = similar.find((name) => name === part) ?? similar.find((name) => form(name) === form(part));
      if (same === undefined) return undefined;
      found = join(found, same);
    }
    return found;
  }

  #names(folder: string): Promise<Map<string, string[]>> {
    const names = this.#read.get(folder) ?? readNames(folder);
    this.#read.set(folder, names);
    return names;
  }
}

async function readNames(folder: string): Promise<Map<string, string[]>> {
  const names = new Map<string, string[]>();
  for (const name of await readdir(folder).catch(() => [])) {
    const form = caseless(name);
    names.set(form, [...(names.get(form) ?? []), name]);
  }
  return names;
}
