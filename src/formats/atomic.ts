import { randomBytes } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/**
 * Writes a file so that `path` always holds a whole one: what was there before, or what `write` wrote.
 *
 * The bytes go to a hidden file in the same folder, reach the disk, and only then take the name. When `write` throws,
 * the hidden file is removed and `path` is untouched.
 *
 * @throws what `write` throws, and the system's own errors (no such folder, no space left)
 */
export async function writeAtomically(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    const file = await open(temporary, 'wx');
    try {
      await write(file);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    if ((error as NodeJS.ErrnoException).code !== undefined) Object.assign(error as object, { path }); // not the hidden file
    throw error;
  }
  await syncFolder(folder);
}

/** Removes what killed processes left of files that they were writing. Call it where nobody writes. @returns how many there were */
export function removeTemporaries(folder: string): number {
  const left = readdirSync(folder).filter((name) => /^\..+\.[0-9a-f]{12}\.tmp$/.test(name));
  for (const name of left) rmSync(join(folder, name), { force: true });
  return left.length;
}

/** Makes a rename survive a power cut. Not every system can sync a folder (Windows cannot); the file is whole either way. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}
