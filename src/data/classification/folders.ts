/** Finds pictures in folders: one folder for each class, or all in one with a label file. */
import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { orderedPrefetch } from '../parallel/orderedPrefetch.js';

/** Folders read at once. */
const concurrency = 16;

const otherEndings = /\.(txt|csv|tsv|json|xml|ya?ml|md|html?|py|mat|tar|t?gz|zip|npy|lmdb|mdb|db|ini|log|sh|pdf)$/i;

/**
 * Whether a file among pictures is taken for one. All are, whatever they are called, but hidden ones (notes of operating
 * systems and tools) and those with the ending of something else; decoding says what is none after all.
 */
export function isPictureName(name: string): boolean {
  return !name.startsWith('.') && !otherEndings.test(name);
}

/** A folder of pictures: its own name, and the paths of its pictures below it, sorted. */
export interface PictureFolder {
  readonly name: string;
  readonly files: readonly string[];
}

/** The folders directly below `root`, sorted, each with all pictures at any depth below it. */
export async function classFolders(root: string): Promise<PictureFolder[]> {
  const { folders } = await listing(root);
  const read = async (name: string) => ({ name, files: await picturesBelow(join(root, name)) });
  const found: PictureFolder[] = [];
  for await (const folder of orderedPrefetch(folders, read, concurrency)) found.push(folder);
  return found;
}

/** The pictures directly in `root`, sorted. */
export async function loosePictures(root: string): Promise<string[]> {
  return (await listing(root)).files;
}

async function picturesBelow(folder: string): Promise<string[]> {
  const { files, folders } = await listing(folder);
  for (const name of folders) {
    for (const file of await picturesBelow(join(folder, name))) files.push(`${name}/${file}`);
  }
  return files;
}

/** What is in a folder, sorted by name. Hidden folders are left out too. */
async function listing(folder: string): Promise<{ files: string[]; folders: string[] }> {
  const files: string[] = [];
  const folders: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.name.startsWith('.')) continue;
    const kind = await kindOf(folder, entry);
    if (kind === 'folder') folders.push(entry.name);
    else if (kind === 'file' && isPictureName(entry.name)) files.push(entry.name);
  }
  return { files: files.sort(), folders: folders.sort() };
}

async function kindOf(folder: string, entry: Dirent): Promise<'file' | 'folder' | 'other'> {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'folder';
  // A link, or a file system that does not say. A link to nothing is kept: decoding it gives the message.
  const target = await stat(join(folder, entry.name)).catch(() => undefined);
  if (target?.isDirectory()) return 'folder';
  return target === undefined || target.isFile() ? 'file' : 'other';
}
