/** Finds pictures in folders: one folder for each class, or all in one with a label file. */
import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isJunk } from '../files/names.js';
import { orderedPrefetch } from '../parallel/orderedPrefetch.js';

/** Folders read at once. */
const concurrency = 16;

const otherEndings = /\.(txt|csv|tsv|json|xml|ya?ml|md|html?|py|mat|tar|t?gz|zip|npy|lmdb|mdb|db|ini|log|sh|pdf)$/i;

/**
 * Whether a file among pictures is taken for one. All are, whatever they are called, but hidden ones (notes of operating
 * systems and tools) and those with the ending of something else; decoding says what is none after all.
 */
export function isPictureName(name: string): boolean {
  return !isJunk(name) && !otherEndings.test(name);
}

/** What is in a folder: its own name, and the paths of its pictures below it, sorted; and of files that are none by their endings. */
export interface PictureFolder {
  readonly name: string;
  readonly files: readonly string[];
  readonly others: readonly string[];
}

/** The folders directly below `root`, sorted, each with all pictures at any depth below it. */
export async function classFolders(root: string): Promise<PictureFolder[]> {
  const { folders } = await listing(root);
  const read = async (name: string) => ({ name, ...(await filesBelow(join(root, name))) });
  const found: PictureFolder[] = [];
  for await (const folder of orderedPrefetch(folders, read, concurrency)) found.push(folder);
  return found;
}

/** What lies directly in `root`, sorted. */
export async function looseFiles(root: string): Promise<Pick<PictureFolder, 'files' | 'others'>> {
  const { files, others } = await listing(root);
  return { files, others };
}

async function filesBelow(folder: string): Promise<{ files: string[]; others: string[] }> {
  const { files, others, folders } = await listing(folder);
  for (const name of folders) {
    const below = await filesBelow(join(folder, name));
    for (const file of below.files) files.push(`${name}/${file}`);
    for (const other of below.others) others.push(`${name}/${other}`);
  }
  return { files, others };
}

/** What is in a folder, sorted by name. Hidden folders are left out too. */
async function listing(folder: string): Promise<{ files: string[]; others: string[]; folders: string[] }> {
  const files: string[] = [];
  const others: string[] = [];
  const folders: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (isJunk(entry.name)) continue;
    const kind = await kindOf(folder, entry);
    if (kind === 'folder') folders.push(entry.name);
    else if (kind === 'file') (isPictureName(entry.name) ? files : others).push(entry.name);
  }
  return { files: files.sort(), others: others.sort(), folders: folders.sort() };
}

async function kindOf(folder: string, entry: Dirent): Promise<'file' | 'folder' | 'other'> {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'folder';
  // A link, or a file system that does not say. A link to nothing is kept: decoding it gives the message.
  const target = await stat(join(folder, entry.name)).catch(() => undefined);
  if (target?.isDirectory()) return 'folder';
  return target === undefined || target.isFile() ? 'file' : 'other';
}
