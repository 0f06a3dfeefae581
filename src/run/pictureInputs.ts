import { realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, resolve, sep } from 'node:path';
import { glob, isDynamicPattern } from 'tinyglobby';
import { filesBelow, noFiles } from '../data/files/filesBelow.js';
import { hasPictureEnding } from '../data/files/names.js';
import { type Repair, RepairTally } from '../data/repairs.js';
import { DatasetError, type Problem } from '../errors.js';
import { hasVideoEnding } from './videoFrames.js';

/**
 * Files as they are; folders as the pictures in them at any depth, sorted, without notes of operating systems and tools; patterns as the
 * pictures and videos whose names they fit, where there is no file of that very name.
 *
 * @param onRepair told of what lies in the folders and is neither file nor folder
 * @param out a folder below an input that is no input: what an earlier run has drawn there is not looked at again
 * @throws DatasetError listing what is not there, or cannot be read
 */
export async function pictureInputs(
  inputs: readonly string[],
  {
    out,
    onRepair,
  }: { readonly out?: string | undefined; readonly onRepair?: ((repair: Repair) => void) | undefined } = {},
): Promise<string[]> {
  const files: string[] = [];
  const passedOver = new RepairTally();
  const problems: Problem[] = [];
  const drawn = out === undefined ? undefined : await realpath(out).catch(() => resolve(out));
  for (const input of inputs) {
    const found = await stat(input).catch(() => undefined);
    if (found === undefined && isDynamicPattern(input)) {
      const matches = await filesLike(input);
      if (matches.length === 0) problems.push({ at: input, message: 'no file has a name like this' });
      files.push(...matches);
    } else if (found === undefined) problems.push({ at: input, message: 'no such file or folder' });
    else if (!found.isDirectory()) files.push(input);
    else {
      const pictures = await picturesBelow(input, drawn, passedOver).catch((error: Error) => error.message);
      if (typeof pictures === 'string') problems.push({ at: input, message: pictures });
      else if (pictures.length === 0) problems.push({ at: input, message: 'has no pictures in it' });
      else files.push(...pictures);
    }
  }
  if (problems.length > 0) throw new DatasetError('inputs', problems);
  for (const repair of passedOver.repairs()) onRepair?.(repair);
  return files;
}

async function filesLike(pattern: string): Promise<string[]> {
  const matches = await glob(pattern, { expandDirectories: false, absolute: isAbsolute(pattern) });
  return matches.filter((name) => hasPictureEnding(name) || hasVideoEnding(name)).sort();
}

async function picturesBelow(folder: string, drawn: string | undefined, passedOver: RepairTally): Promise<string[]> {
  const root = await realpath(folder);
  const isDrawn = (name: string) => drawn !== undefined && drawn !== root && join(root, name).startsWith(drawn + sep);
  return filesBelow(folder, (path) => passedOver.add(noFiles, join(folder, path)))
    .filter((name) => hasPictureEnding(name) && !isDrawn(name))
    .map((name) => join(folder, name));
}
