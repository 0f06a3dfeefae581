import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { CmtdetError, exitCodes } from '../errors.js';
import { findLibrary } from '../tensorflow/install/locate.js';
import { tensorflowVersion } from '../tensorflow/install/wheels.js';
import { paint, print, printJson } from './console.js';

/** What `cmtdet doctor --json` prints. */
interface Diagnosis {
  readonly ok: boolean;
  /** Version of Node, and the machine. */
  readonly node: string;
  readonly platform: string;
  readonly tensorflow: Engine;
  /** Cores that TensorFlow and the data loader may use. */
  readonly threads: number;
  readonly problems: readonly string[];
}

/** The engine as far as it could be looked at; undefined (null in JSON) from where that failed. */
interface Engine {
  readonly version: string | null;
  /** Folder of the two shared libraries. */
  readonly library: string | null;
  /** `CPU`, `GPU`; one entry a device. */
  readonly devices: readonly string[];
}

/** `cmtdet doctor`: what cmtdet runs on, and what is wrong with it. Exit code 1 if something is. */
export async function doctor(options: { readonly json?: boolean }): Promise<void> {
  const diagnosis = await examine();
  if (options.json) printJson(diagnosis);
  else print(describe(diagnosis));
  if (!diagnosis.ok) process.exitCode = exitCodes.userProblem;
}

async function examine(): Promise<Diagnosis> {
  const problems: string[] = [];
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 20) problems.push(`Node ${process.version} is too old: cmtdet needs Node 20 or newer.`);
  const engine = await examineEngine(problems);
  await examineDecoder(problems);
  return {
    ok: problems.length === 0,
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    tensorflow: engine,
    threads: availableParallelism(),
    problems,
  };
}

async function examineEngine(problems: string[]): Promise<Engine> {
  let library: string | null = null;
  let version: string | null = null;
  let devices: string[] = [];
  try {
    library = findLibrary().directory;
    const { tensorflow } = await import('../tensorflow/api.js');
    version = tensorflow().TF_Version();
    devices = await listDevices();
  } catch (error) {
    problems.push(message(error));
  }
  if (version !== null && version !== tensorflowVersion)
    problems.push(`TensorFlow is ${version}, but cmtdet is made for ${tensorflowVersion}: run \`npm run setup\`.`);
  if (version !== null && existsSync('/proc/driver/nvidia/version') && !devices.includes('GPU'))
    problems.push(
      library?.includes('-cuda-')
        ? 'There is an NVIDIA driver, but TensorFlow sees no GPU: run with TF_CPP_MIN_LOG_LEVEL=0 to read why (driver 525 or newer is needed).'
        : 'There is an NVIDIA driver, but this TensorFlow is the CPU build: run `npm run setup -- --gpu`.',
    );
  return { version, library, devices };
}

async function listDevices(): Promise<string[]> {
  const { Graph } = await import('../tensorflow/graph.js');
  const { Session } = await import('../tensorflow/session.js');
  const { encodeConfig } = await import('../tensorflow/config.js');
  const session = new Session(new Graph(), encodeConfig({}));
  try {
    return session.devices();
  } finally {
    await session.dispose();
  }
}

async function examineDecoder(problems: string[]): Promise<void> {
  try {
    await import('sharp');
  } catch (error) {
    problems.push(`The picture decoder sharp does not load: ${message(error)}`);
  }
}

function message(error: unknown): string {
  if (error instanceof CmtdetError) return error.message;
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

function describe({ node, platform, tensorflow, threads, problems }: Diagnosis): string {
  const { version, library, devices } = tensorflow;
  const facts = [
    ['Node', `${node}, ${platform}`],
    ['TensorFlow', version ?? 'not loaded'],
    ['library', library ?? 'not found'],
    ['devices', devices.join(', ') || 'none'],
    ['threads', String(threads)],
  ];
  const lines = facts.map(([name, value]) => `${name.padEnd(12)}${value}`);
  const verdict =
    problems.length === 0
      ? [paint('green', 'All is well.', process.stdout)]
      : problems.map((problem) => `${paint('red', 'problem:', process.stdout)} ${problem}`);
  return [...lines, ...verdict].join('\n');
}
