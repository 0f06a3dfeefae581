import { type Dirent, readdirSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isJunk } from './names.js';

/** What is said of things in a folder that are no files; `{n}` stands for the count. */
export const noFiles = '{n} links that lead nowhere, pipes, devices or sockets were passed over';

/**
 * Files below a folder at any depth, without junk: paths relative to it, with `/` on every system, sorted. Links are
 * followed, but not in a circle.
 *
 * @param onOther told of each thing that is neither file nor folder, as `noFiles` says it
 * @throws the system's own error where a folder cannot be read
 */
export function filesBelow(folder: string, onOther?: (path: string) => void): string[] {
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
      else onOther?.(below);
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
