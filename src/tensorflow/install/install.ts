import { mkdirSync, renameSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { EngineError } from '../../errors.js';
import { cacheFolder, damagedFiles, hostPlatform, libraryFolder, manifestName, readManifest } from './locate.js';
import { withLock } from './lock.js';
import { downloadWheel, findPip, findWheel } from './pip.js';
import { sha256, unpackWheel } from './unpack.js';
import {
  type Flavour,
  findPackage,
  type LibraryPackage,
  libraryNames,
  tensorflowVersion,
  type Wheel,
} from './wheels.js';

/** What the set-up is doing; `bytes` of `totalBytes` are done, over all wheels. */
export interface InstallProgress {
  readonly stage: 'waiting for another set-up' | 'downloading' | 'verifying' | 'unpacking';
  readonly bytes: number;
  readonly totalBytes: number;
}

export interface InstallOptions {
  /** @default cacheFolder() */
  readonly cache?: string;
  /** A wheel that the user downloaded, instead of pip. Its checksum must be the published one. */
  readonly wheelFile?: string;
  /** Install again even if all is there. */
  readonly force?: boolean;
  readonly onProgress?: (progress: InstallProgress) => void;
  readonly env?: Readonly<Record<string, string | undefined>>;
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
  makeFolder(cache);
  const onWait = () => onProgress({ stage: 'waiting for another set-up', bytes: 0, totalBytes: 0 });
  return withLock(
    `${folder}.lock`,
    async () => {
      if (!force && isComplete(folder)) return { folder, fresh: false }; // the one we waited for did it
      const downloads = join(cache, 'downloads', basename(folder));
      makeFolder(downloads);
      const wheels = await collectWheels(target, downloads, options);
      await unpackInto(folder, target, wheels, onProgress);
      rmSync(downloads, { recursive: true, force: true });
      return { folder, fresh: true };
    },
    { onWait },
  );
}

/** Paths of all wheels of the package, downloaded where they are not there already; each has the right checksum. */
async function collectWheels(target: LibraryPackage, downloads: string, options: InstallOptions): Promise<string[]> {
  const { wheelFile, env, onProgress = () => {} } = options;
  const totalBytes = target.downloadBytes;
  const verified = async (file: string, wheel: Wheel) => {
    onProgress({ stage: 'verifying', bytes: 0, totalBytes });
    return (await sha256(file)) === wheel.sha256;
  };
  const files: (string | undefined)[] = [];
  for (const [index, wheel] of target.wheels.entries()) {
    const file = index === 0 && wheelFile ? wheelFile : findWheel(wheel, downloads);
    const good = file !== undefined && (await verified(file, wheel));
    if (file === wheelFile && wheelFile && !good)
      throw new EngineError(
        `${file} is not the published wheel of ${wheel.requirement}: its SHA-256 is not ${wheel.sha256}.`,
      );
    if (file && !good) rmSync(file);
    files.push(good ? file : undefined);
  }
  const here = sum(files.filter((file) => file !== undefined));
  checkSpace(target, downloads, here);
  if (!files.includes(undefined)) return files as string[];
  const pip = await findPip(env);
  const complete: string[] = [];
  for (const [index, wheel] of target.wheels.entries()) {
    const before = sum(complete);
    const onBytes = (bytes: number) => onProgress({ stage: 'downloading', bytes: before + bytes, totalBytes });
    onBytes(0);
    const file = files[index] ?? (await downloadWheel(pip, wheel, target, downloads, onBytes, env));
    if (!files[index] && !(await verified(file, wheel))) {
      rmSync(file);
      throw new EngineError(
        `The download of ${wheel.requirement} is damaged (its checksum differs): run the set-up again.`,
      );
    }
    complete.push(file);
  }
  return complete;
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

/** pip holds a wheel twice for a moment (temporary file and copy); later wheel and unpacked files lie side by side. */
function checkSpace(target: LibraryPackage, folder: string, bytesHere: number): void {
  const { downloadBytes, unpackedBytes } = target;
  const missing = Math.max(0, downloadBytes - bytesHere);
  const needed = Math.max(2 * missing, missing + unpackedBytes);
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  if (free < needed)
    throw new EngineError(
      `The set-up needs ${gigabytes(needed)} of free disk for ${folder}, but ${gigabytes(free)} are free. ` +
        'Free some, or point CMTDET_CACHE at a folder on a larger disk.',
    );
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new EngineError(
      `Cannot make the folder ${folder} (${(error as NodeJS.ErrnoException).code}): point CMTDET_CACHE at a folder that you may write to.`,
    );
  }
}

function glibcVersion(): string | undefined {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime;
}

const fileBytes = (file: string) => statSync(file).size;
const sum = (files: readonly string[]) => files.reduce((total, file) => total + fileBytes(file), 0);
const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
