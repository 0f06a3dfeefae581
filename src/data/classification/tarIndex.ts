/** What is where in a tar file of pictures, kept beside it, since ImageNet's has 1.3 million members. */
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { z } from 'zod';
import { orderedPrefetch } from '../parallel/orderedPrefetch.js';
import { isPictureName } from './folders.js';
import { TarFile, type TarMember } from './tar.js';

/** The pictures of one class, or of a flat archive. */
export interface TarGroup {
  /** Name of the class; empty for pictures that lie in no folder. */
  readonly name: string;
  readonly members: readonly TarMember[];
}

/** Archives in the archive that are listed at once. */
const concurrency = 16;

const Group = z.object({ name: z.string(), members: z.array(z.tuple([z.string(), z.int(), z.int()])) });
const Index = z.object({ version: z.literal(1), size: z.number(), modifiedMs: z.number(), groups: z.array(Group) });

/**
 * Lists a tar file by class: one archive a class inside it (the official training set), or one folder a class, or pictures in
 * no folder (the official validation set).
 *
 * The list is written to `<path>.index.json`, where that can be written, and used again while the tar file stays as it is.
 *
 * @throws DatasetError when the archive is damaged
 */
export async function tarGroups(path: string): Promise<TarGroup[]> {
  const tar = new TarFile(path);
  try {
    const indexFile = `${path}.index.json`;
    const kept = await keptGroups(indexFile, tar);
    if (kept) return kept;
    const groups = await listGroups(tar);
    await keepGroups(indexFile, tar, groups);
    return groups;
  } finally {
    await tar.close();
  }
}

async function listGroups(tar: TarFile): Promise<TarGroup[]> {
  const groups = new Map<string, TarMember[]>();
  const inner: TarMember[] = [];
  for await (const member of tar.members()) {
    if (member.name.endsWith('.tar')) inner.push(member);
    else if (isPictureName(basename(member.name))) append(groups, folderOf(member.name), [member]);
  }
  for await (const { name, members } of orderedPrefetch(inner, (archive) => listInner(tar, archive), concurrency)) {
    append(groups, name, members);
  }
  return [...groups].map(([name, members]) => ({ name, members }));
}

async function listInner(tar: TarFile, archive: TarMember): Promise<TarGroup> {
  const members: TarMember[] = [];
  for await (const member of tar.members(archive)) if (isPictureName(basename(member.name))) members.push(member);
  return { name: basename(archive.name, '.tar'), members };
}

function append(groups: Map<string, TarMember[]>, name: string, members: readonly TarMember[]): void {
  const group = groups.get(name);
  if (group) for (const member of members) group.push(member);
  else groups.set(name, [...members]);
}

/** Name of the innermost folder; empty for none. */
function folderOf(path: string): string {
  const folder = path.split('/').at(-2) ?? '';
  return folder === '.' ? '' : folder;
}

async function keptGroups(indexFile: string, { size, modifiedMs }: TarFile): Promise<TarGroup[] | undefined> {
  const text = await readFile(indexFile, 'utf8').catch(() => undefined);
  const index = text === undefined ? undefined : Index.safeParse(parseOrNull(text)).data;
  if (!index || index.size !== size || index.modifiedMs !== modifiedMs) return undefined;
  return index.groups.map(({ name, members }) => ({
    name,
    members: members.map(([member, offset, length]) => ({ name: member, offset, length })),
  }));
}

/** Whole or not at all. A folder that cannot be written to is no error: the tar file is listed again next time. */
async function keepGroups(
  indexFile: string,
  { size, modifiedMs }: TarFile,
  groups: readonly TarGroup[],
): Promise<void> {
  const index: z.infer<typeof Index> = {
    version: 1,
    size,
    modifiedMs,
    groups: groups.map(({ name, members }) => ({
      name,
      members: members.map(({ name: member, offset, length }) => [member, offset, length]),
    })),
  };
  const temporary = `${indexFile}.${process.pid}`;
  try {
    await writeFile(temporary, JSON.stringify(index));
    await rename(temporary, indexFile);
  } catch {
    await rm(temporary, { force: true }).catch(() => {});
  }
}

function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
