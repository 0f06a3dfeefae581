import { type Dirent, readdirSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isJunk } from './names.js';

/**
 * Files below a folder at any depth, without junk: paths relative to it, with `/` on every system, sorted. Links are
 * followed, but not in a circle.
 *
 * @throws the system's own error where a folder cannot be read
 */
export function filesBelow(folder: string): string[] {
  const found: string[] = [];
  const open = new Set<string>();
  const visit = (path: string): void => {
    const here = join(folder, path);
    const real = realpathSync(here);
    if (open.has(real)) return;
    open.add(real);
    for (const entry of readdirSync(here, { withFileTypes: true })) {
      if (isJunk(entry.name)) continue;
      const below = path === '' ? entry.name : `${path}/${entry.name}`;
      const kind = kindOf(join(here, entry.name), entry);
      if (kind === 'folder') visit(below);
      else if (kind === 'file') found.push(below);
    }
    open.delete(real);
  };
  visit('');
  return found.sort();
}

function kindOf(path: string, entry: Dirent): 'file' | 'folder' | 'other' {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'folder';
  const target = statSync(path, { throwIfNoEntry: false }); // a link, or a file system that does not say
  if (target?.isDirectory()) return 'folder';
  return target?.isFile() ? 'file' : 'other';
}
