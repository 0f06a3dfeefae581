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
  /** What is neither file nor folder: pipes, devices, sockets; and at the top, where no class is known by its name, links that lead nowhere. */
  readonly odd: readonly string[];
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
export async function looseFiles(root: string): Promise<Omit<PictureFolder, 'name'>> {
  const { folders, gone, ...found } = await listing(root);
  return { ...found, odd: [...found.odd, ...gone].sort() };
}

async function filesBelow(folder: string): Promise<Omit<PictureFolder, 'name'>> {
  const { folders, files, others, odd, gone } = await listing(folder);
  files.push(...gone.filter(isPictureName)); // decoding gives the message
  for (const name of folders) {
    const below = await filesBelow(join(folder, name));
    for (const file of below.files) files.push(`${name}/${file}`);
    for (const other of below.others) others.push(`${name}/${other}`);
    for (const one of below.odd) odd.push(`${name}/${one}`);
  }
  return { files, others, odd };
}

interface Listing {
  readonly files: string[];
  readonly others: string[];
  readonly folders: string[];
  /** Neither file nor folder. */
  readonly odd: string[];
  /** Links that lead nowhere. */
  readonly gone: string[];
}

/** What is in a folder, sorted by name. Hidden folders are left out too. */
async function listing(folder: string): Promise<Listing> {
  const found: Listing = { files: [], others: [], folders: [], odd: [], gone: [] };
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (isJunk(entry.name)) continue;
    const kind = await kindOf(folder, entry);
    found[kind === 'files' && !isPictureName(entry.name) ? 'others' : kind].push(entry.name);
  }
  for (const names of Object.values(found)) names.sort();
  return found;
}

async function kindOf(folder: string, entry: Dirent): Promise<Exclude<keyof Listing, 'others'>> {
  if (entry.isFile()) return 'files';
  if (entry.isDirectory()) return 'folders';
  const target = await stat(join(folder, entry.name)).catch(() => undefined); // a link, or a file system that does not say
  if (target === undefined) return 'gone';
  if (target.isDirectory()) return 'folders';
  return target.isFile() ? 'files' : 'odd';
}
