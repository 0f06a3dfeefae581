import { mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { DatasetError } from '../errors.js';

/**
 * Makes a folder, and those above it that are missing, one by one: Node's own recursive way never ends where a file system
 * answers "no such folder" to making one (`/proc`), and calls a read-only disk the same.
 *
 * @throws the system's own error, which names the folder
 * @throws DatasetError where the file system has no room for folders of one's own
 */
export function makeFolder(path: string): void {
  const missing: string[] = [];
  for (let here = resolve(path); !statSync(here, { throwIfNoEntry: false })?.isDirectory(); here = dirname(here)) {
    missing.push(here);
    if (dirname(here) === here) break;
  }
  for (const folder of missing.reverse()) {
    try {
      mkdirSync(folder);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EEXIST' && statSync(folder, { throwIfNoEntry: false })?.isDirectory()) continue; // made by another process meanwhile
      if (code !== 'ENOENT') throw error;
      const message = `no folder can be made in ${dirname(folder)}: its file system refuses it`;
      throw new DatasetError(path, [{ at: 'folder', message }]);
    }
  }
}
