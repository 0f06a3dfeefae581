import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { EngineError } from '../../errors.js';
import { type Flavour, libraryNames, tensorflowVersion } from './wheels.js';

/** TensorFlow's C library on this disk; `framework` must be loaded before `cc`. */
export interface TensorflowLibrary {
  /** Folder of both files; the CUDA libraries, if any, are in `../nvidia` beside it, as in the wheel's layout. */
  readonly directory: string;
  readonly framework: string;
  readonly cc: string;
}

/** What a finished set-up leaves beside the libraries. Its presence says that the folder is complete. */
export interface Manifest {
  readonly version: string;
  readonly flavour: Flavour;
  /** Path below the folder → size in bytes. */
  readonly files: Readonly<Record<string, number>>;
}

export const manifestName = 'cmtdet.json';

type Environment = Readonly<Record<string, string | undefined>>;

/** `linux-x64` and the like: Node's platform and processor. */
export const hostPlatform = `${process.platform}-${process.arch}`;

/**
 * The per-user folder of downloaded libraries: `CMTDET_CACHE`, or the system's usual place
 * (`$XDG_CACHE_HOME/cmtdet`, `~/.cache/cmtdet`; on macOS `~/Library/Caches/cmtdet`).
 */
export function cacheFolder(env: Environment = process.env, system: NodeJS.Platform = process.platform): string {
  if (env.CMTDET_CACHE) return resolve(env.CMTDET_CACHE);
  if (env.XDG_CACHE_HOME) return join(env.XDG_CACHE_HOME, 'cmtdet');
  const home = env.HOME || homedir();
  return system === 'darwin' ? join(home, 'Library', 'Caches', 'cmtdet') : join(home, '.cache', 'cmtdet');
}

/** The folder in the cache that one set-up fills. The processor is in its name because home folders are shared. */
export function libraryFolder(
  flavour: Flavour,
  cache: string = cacheFolder(),
  platform: string = hostPlatform,
): string {
  return join(cache, `tensorflow-${tensorflowVersion}-${flavour}-${platform}`);
}

/**
 * Finds the library: `CMTDET_TENSORFLOW` (a folder that holds the two files, or its parent), else the CUDA build of the
 * cache, else the CPU build. The CUDA build runs on machines without a GPU too.
 *
 * @throws EngineError that says what to do, when there is none or its files are damaged
 */
export function findLibrary(env: Environment = process.env): TensorflowLibrary {
  if (env.CMTDET_TENSORFLOW) return ownLibrary(env.CMTDET_TENSORFLOW);
  const cache = cacheFolder(env);
  for (const flavour of ['cuda', 'cpu'] as const) {
    const folder = libraryFolder(flavour, cache);
    const manifest = readManifest(folder);
    if (!manifest) continue;
    const damaged = damagedFiles(folder, manifest);
    if (damaged.length > 0)
      throw new EngineError(
        `TensorFlow's library in ${folder} is damaged (${damaged.join(', ')}): run \`npx cmtdet setup${flavour === 'cuda' ? ' --gpu' : ''}\`.`,
      );
    return libraryIn(join(folder, 'tensorflow'));
  }
  throw new EngineError(
    `TensorFlow's C library ${tensorflowVersion} is not set up (looked in ${cache}): run \`npx cmtdet setup\`, ` +
      'or point CMTDET_TENSORFLOW at a folder that holds it.',
  );
}

/** The manifest of a finished set-up, undefined where there is none. */
export function readManifest(folder: string): Manifest | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, manifestName), 'utf8')) as Manifest;
  } catch {
    return undefined; // absent, or cut short: either way the set-up is not finished
  }
}

/** Files of the manifest that are missing or of another size. */
export function damagedFiles(folder: string, manifest: Manifest): string[] {
  return Object.entries(manifest.files)
    .filter(([file, bytes]) => statSync(join(folder, file), { throwIfNoEntry: false })?.size !== bytes)
    .map(([file]) => file);
}

function ownLibrary(path: string): TensorflowLibrary {
  const candidates = [resolve(path), resolve(path, 'tensorflow')].map(libraryIn);
  const found = candidates.find(({ framework, cc }) => isFile(framework) && isFile(cc));
  if (found) return found;
  const { framework, cc } = libraryNames(process.platform);
  throw new EngineError(
    `CMTDET_TENSORFLOW is ${path}, but there is no ${framework} with ${cc} in it (nor in its folder tensorflow). ` +
      'Point it at the folder of these two files, or unset it and run `npx cmtdet setup`.',
  );
}

function libraryIn(directory: string): TensorflowLibrary {
  const { framework, cc } = libraryNames(process.platform);
  return { directory, framework: join(directory, framework), cc: join(directory, cc) };
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
