import { rmSync, statfsSync, statSync } from 'node:fs';
import { EngineError } from '../../errors.js';
import { downloadWheel, findPip, findWheel } from './pip.js';
import { sha256 } from './unpack.js';
import type { LibraryPackage, Wheel } from './wheels.js';

/** What the set-up is doing; `bytes` of `totalBytes` are done, over all wheels. */
export interface InstallProgress {
  readonly stage: 'waiting for another set-up' | 'downloading' | 'verifying' | 'unpacking';
  readonly bytes: number;
  readonly totalBytes: number;
}

export interface CollectOptions {
  /** A wheel that the user downloaded, instead of pip. Its checksum must be the published one. */
  readonly wheelFile?: string;
  readonly onProgress?: (progress: InstallProgress) => void;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/**
 * Brings all wheels of a package into `folder`, each with the published checksum, and returns their paths. Those that an
 * interrupted call left there whole are used; a damaged one is fetched again.
 *
 * @throws EngineError when pip fails, the disk is too small, or a checksum differs
 */
export async function collectWheels(
  target: LibraryPackage,
  folder: string,
  options: CollectOptions = {},
): Promise<string[]> {
  const { wheelFile, env, onProgress = () => {} } = options;
  const totalBytes = target.downloadBytes;
  const isPublished = async (file: string, wheel: Wheel) => {
    onProgress({ stage: 'verifying', bytes: 0, totalBytes });
    return (await sha256(file)) === wheel.sha256;
  };

  const main = target.wheels[0]!;
  const present = new Map<Wheel, string>();
  if (wheelFile) {
    if (!(await isPublished(wheelFile, main)))
      throw new EngineError(
        `${wheelFile} is not the published wheel of ${main.requirement}: its SHA-256 is not ${main.sha256}.`,
      );
    present.set(main, wheelFile);
  }
  for (const wheel of target.wheels) {
    const file = present.has(wheel) ? undefined : findWheel(wheel, folder);
    if (!file) continue;
    if (await isPublished(file, wheel)) present.set(wheel, file);
    else rmSync(file);
  }

  let bytesHere = [...present.values()].reduce((sum, file) => sum + statSync(file).size, 0);
  checkSpace(target, folder, bytesHere);
  const missing = target.wheels.filter((wheel) => !present.has(wheel));
  const pip = missing.length > 0 ? await findPip(env) : undefined;
  for (const wheel of missing) {
    const onBytes = (bytes: number) => onProgress({ stage: 'downloading', bytes: bytesHere + bytes, totalBytes });
    onBytes(0);
    const file = await downloadWheel(pip!, wheel, target, folder, onBytes, env);
    if (!(await isPublished(file, wheel))) {
      rmSync(file);
      throw new EngineError(`The download of ${wheel.requirement} is damaged (wrong checksum): run the set-up again.`);
    }
    present.set(wheel, file);
    bytesHere += statSync(file).size;
  }
  return target.wheels.map((wheel) => present.get(wheel)!);
}

/** pip holds a wheel twice for a moment (temporary file and copy); later wheel and unpacked files lie side by side. */
function checkSpace(target: LibraryPackage, folder: string, bytesHere: number): void {
  const missing = Math.max(0, target.downloadBytes - bytesHere);
  const needed = Math.max(2 * missing, missing + target.unpackedBytes);
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  if (free >= needed) return;
  throw new EngineError(
    `The set-up needs ${gigabytes(needed)} of free disk for ${folder}, but ${gigabytes(free)} are free. ` +
      'Free some, or point CMTDET_CACHE at a folder on a larger disk.',
  );
}

const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
