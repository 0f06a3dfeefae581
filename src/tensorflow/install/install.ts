import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError } from '../../errors.js';
import { makeFolder } from '../../formats/makeFolder.js';
import { type CollectOptions, collectWheels, type InstallProgress } from './collect.js';
import { cacheFolder, damagedFiles, hostPlatform, libraryFolder, manifestName, readManifest } from './locate.js';
import { withLock } from './lock.js';
import { unpackWheel } from './unpack.js';
import { type Flavour, findPackage, type LibraryPackage, libraryNames, tensorflowVersion } from './wheels.js';

export interface InstallOptions extends CollectOptions {
  /** @default cacheFolder() */
  readonly cache?: string;
  /** Install again even if all is there. */
  readonly force?: boolean;
}

export interface Installed {
  readonly folder: string;
  /** False if it was there already. */
  readonly fresh: boolean;
}

/** The package for this machine, with or without CUDA. @throws EngineError where there is none */
export function packageForHost(flavour: Flavour): LibraryPackage {
  const found = findPackage(hostPlatform, flavour);
  if (!found && flavour === 'cuda')
    throw new EngineError(
      `There is no CUDA build of TensorFlow for ${hostPlatform} (only linux-x64): run the set-up without --gpu.`,
    );
  if (!found)
    throw new EngineError(
      `TensorFlow ${tensorflowVersion} has no C library for ${hostPlatform}: cmtdet runs on Linux (x64, arm64) and macOS (arm64); on Windows use WSL.`,
    );
  if (process.platform === 'linux' && !glibcVersion())
    throw new EngineError(
      'TensorFlow needs glibc 2.27 or newer, and this Linux (Alpine?) uses another C library: use a Debian-based image.',
    );
  return found;
}

/**
 * Puts TensorFlow's C library into the cache, if it is not there: download, verify, unpack under another name, rename.
 * Any number of processes may call it at once; one that was interrupted is repaired by the next call, which uses the
 * wheels that arrived whole.
 */
export async function installPackage(target: LibraryPackage, options: InstallOptions = {}): Promise<Installed> {
  const { cache = cacheFolder(), force = false, onProgress = () => {} } = options;
  const folder = libraryFolder(target.flavour, cache, target.platform);
  if (!force && isComplete(folder)) return { folder, fresh: false };
  makeCacheFolder(cache);
  const onWait = () => onProgress({ stage: 'waiting for another set-up', bytes: 0, totalBytes: 0 });
  return withLock(
    `${folder}.lock`,
    async () => {
      if (!force && isComplete(folder)) return { folder, fresh: false }; // the one we waited for did it
      const downloads = `${folder}.download`;
      makeCacheFolder(downloads);
      const wheels = await collectWheels(target, downloads, options);
      await unpackInto(folder, target, wheels, onProgress).catch(explainFullDisk);
      rmSync(downloads, { recursive: true, force: true });
      return { folder, fresh: true };
    },
    { onWait },
  );
}

async function unpackInto(
  folder: string,
  target: LibraryPackage,
  wheels: readonly string[],
  onProgress: (progress: InstallProgress) => void,
): Promise<void> {
  const part = `${folder}.part`;
  rmSync(part, { recursive: true, force: true });
  let bytes = 0;
  const onBytes = (more: number) => {
    bytes += more;
    onProgress({ stage: 'unpacking', bytes, totalBytes: target.unpackedBytes });
  };
  const files: Record<string, number> = {};
  for (const wheel of wheels) Object.assign(files, await unpackWheel(wheel, part, isWanted(target), onBytes));
  const { framework, cc } = libraryNames(target.platform);
  const missing = [framework, cc].filter((name) => !(`tensorflow/${name}` in files));
  if (missing.length > 0)
    throw new EngineError(`${wheels[0]} holds no tensorflow/${missing.join(', no tensorflow/')}.`);
  const manifest = { version: tensorflowVersion, flavour: target.flavour, files };
  writeFileSync(join(part, manifestName), `${JSON.stringify(manifest, null, 2)}\n`, { flush: true });
  // A damaged predecessor goes aside first; a process that has it loaded keeps its files until it ends.
  const old = `${folder}.old`;
  rmSync(old, { recursive: true, force: true });
  try {
    renameSync(folder, old);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  renameSync(part, folder);
  rmSync(old, { recursive: true, force: true });
}

/** The two libraries; of the CUDA packages what is loaded at run time, and XLA's assembler. */
function isWanted(target: LibraryPackage): (path: string) => boolean {
  const { framework, cc } = libraryNames(target.platform);
  return (path) =>
    path === `tensorflow/${framework}` || path === `tensorflow/${cc}` || /^nvidia\/\w+\/(lib|bin|nvvm)\//.test(path);
}

function isComplete(folder: string): boolean {
  const manifest = readManifest(folder);
  return manifest !== undefined && damagedFiles(folder, manifest).length === 0;
}

function makeCacheFolder(folder: string): void {
  try {
    makeFolder(folder);
  } catch (error) {
    throw new EngineError(
      `Cannot make the folder ${folder} (${(error as NodeJS.ErrnoException).code ?? (error as Error).message}): point CMTDET_CACHE at a folder that you may write to.`,
    );
  }
}

function explainFullDisk(error: NodeJS.ErrnoException): never {
  if (error.code !== 'ENOSPC') throw error;
  throw new EngineError('The disk filled up while unpacking. Free some, or point CMTDET_CACHE at a larger disk.');
}

function glibcVersion(): string | undefined {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime;
}
