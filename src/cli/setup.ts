import { statSync } from 'node:fs';
import { UsageError } from '../errors.js';
import type { InstallProgress } from '../tensorflow/install/collect.js';
import { installPackage, packageForHost } from '../tensorflow/install/install.js';
import { findLibrary } from '../tensorflow/install/locate.js';
import { tensorflowVersion } from '../tensorflow/install/wheels.js';
import { print, printJson } from './console.js';
import { LiveLine } from './liveLine.js';

export interface SetupOptions {
  readonly gpu?: boolean;
  /** A wheel that the user downloaded by other means. */
  readonly wheel?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** `cmtdet setup`: puts TensorFlow's C library into the user's cache, and prints where it is. */
export async function setup(options: SetupOptions): Promise<void> {
  if (process.env.CMTDET_TENSORFLOW) {
    const { directory } = findLibrary();
    report(
      options,
      { library: directory, fresh: false },
      `TensorFlow's library is yours, by CMTDET_TENSORFLOW: ${directory}`,
    );
    return;
  }
  if (options.wheel && !statSync(options.wheel, { throwIfNoEntry: false })?.isFile())
    throw new UsageError(`--wheel ${options.wheel}: there is no such file.`);
  const flavour = options.gpu ? 'cuda' : 'cpu';
  const target = packageForHost(flavour);
  const line = new LiveLine();
  const install = {
    force: options.force ?? false,
    onProgress: (progress: InstallProgress) => line.update(describe(progress)),
    ...(options.wheel ? { wheelFile: options.wheel } : {}),
  };
  const { folder, fresh } = await installPackage(target, install).finally(() => line.clear());
  const state = fresh ? 'is set up' : 'was set up before';
  report(options, { library: folder, fresh }, `TensorFlow ${tensorflowVersion} (${flavour}) ${state}: ${folder}`);
}

function report(options: SetupOptions, facts: { library: string; fresh: boolean }, sentence: string): void {
  if (options.json) printJson({ ok: true, ...facts });
  else print(sentence);
}

function describe({ stage, bytes, totalBytes }: InstallProgress): string {
  const what = `TensorFlow ${tensorflowVersion}: ${stage}`;
  const megabytes = (count: number) => (count / 1e6).toFixed(0);
  return bytes === 0 ? `${what} ...` : `${what}, ${megabytes(bytes)} of ${megabytes(totalBytes)} MB`;
}
