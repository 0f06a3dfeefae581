import { readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { DatasetError } from '../../../errors.js';

/**
 * Files below a folder, sorted: paths relative to it, with `/` on every system.
 *
 * @throws DatasetError if there are none
 */
export function filesBelow(folder: string, extensions: readonly string[]): string[] {
  let entries: ReturnType<typeof list>;
  try {
    entries = list(folder);
  } catch (error) {
    throw new DatasetError(folder, [{ at: 'folder', message: (error as Error).message }]);
  }
  const names = entries
    .filter((entry) => entry.isFile() && extensions.some((extension) => entry.name.toLowerCase().endsWith(extension)))
    .map((entry) => relative(folder, join(entry.parentPath ?? entry.path, entry.name)).replaceAll(sep, '/'))
    .sort();
  if (names.length > 0) return names;
  throw new DatasetError(folder, [
    { at: 'folder', message: `expected files that end in ${extensions.join(', ')}, found none` },
  ]);
}

const list = (folder: string) => readdirSync(folder, { recursive: true, withFileTypes: true });
