import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { loadConfig } from '../config/load.js';
import { Engine } from '../config/schema.js';
import { CmtdetError, exitCodes, UsageError } from '../errors.js';
import { findLibrary } from '../tensorflow/install/locate.js';
import { tensorflowVersion } from '../tensorflow/install/wheels.js';
import type { Program } from '../tensorflow/program.js';
import type { Device } from '../tensorflow/session.js';
import { paint, print, printJson } from './console.js';
import { type CpuFeatures, cpuFeatures } from './cpuFeatures.js';
import { engineAdvice } from './engineAdvice.js';

export interface DoctorOptions {
  readonly set?: readonly string[];
  /** Look at what a GPU would run, instead of at this machine. */
  readonly placement?: boolean;
  readonly json?: boolean;
}

/** What `cmtdet doctor --json` prints. */
interface Diagnosis extends Machine {
  readonly ok: boolean;
  /** Version of Node, and the machine. */
  readonly node: string;
  readonly platform: string;
  /** Cores that TensorFlow and the data loader may use. */
  readonly threads: number;
  /** null where the system does not say. */
  readonly cpu: CpuFeatures | null;
  /** Settings of the config, or the defaults. */
  readonly engine: Engine;
  /** Settings that do nothing here, or do harm. */
  readonly warnings: readonly string[];
  readonly problems: readonly string[];
}

/** What is known of TensorFlow; null for what could not be found out because an earlier step failed. */
interface Machine {
  readonly tensorflow: {
    readonly version: string | null;
    /** Folder of the two shared libraries. */
    readonly library: string | null;
    /** `CPU`, `GPU`; one entry a device. */
    readonly devices: readonly string[];
  };
  /** The same devices as TensorFlow describes them. */
  readonly devices: readonly Device[];
  /** Chains of element-wise operations (`engine.fuse`): tried and right, failed, or not compiled with these settings. */
  readonly compiledChains: 'work' | 'fail' | 'off' | null;
}

/**
 * `cmtdet doctor`: what cmtdet runs on, what its settings do here, and what is wrong. Exit code 1 if something is.
 *
 * @param configFile whose engine settings are looked at; the defaults where it is left out
 */
export async function doctor(configFile: string | undefined, options: DoctorOptions): Promise<void> {
  if (configFile === undefined && options.set !== undefined)
    throw new UsageError('--set needs a config whose keys it changes: cmtdet doctor CONFIG --set ...');
  if (options.placement) {
    if (configFile === undefined) throw new UsageError('--placement needs a config: cmtdet doctor CONFIG --placement');
    const { reportPlacement } = await import('./placementReport.js');
    return reportPlacement(await loadConfig(configFile, options.set), options.json ?? false);
  }
  const engine = configFile === undefined ? Engine.parse({}) : (await loadConfig(configFile, options.set)).engine;
  const diagnosis = await examine(engine);
  if (options.json) printJson(diagnosis);
  else print(describe(diagnosis, configFile ?? 'defaults'));
  if (!diagnosis.ok) process.exitCode = exitCodes.userProblem;
}

async function examine(engine: Engine): Promise<Diagnosis> {
  const problems: string[] = [];
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 20) problems.push(`Node ${process.version} is too old: cmtdet needs Node 20 or newer.`);
  const machine = await examineEngine(engine, problems);
  await examineDecoder(problems);
  const threads = availableParallelism();
  const cpu = cpuFeatures();
  const hasGpu = machine.tensorflow.devices.includes('GPU');
  return {
    ok: problems.length === 0,
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    ...machine,
    threads,
    cpu,
    engine,
    warnings: machine.devices.length === 0 ? [] : engineAdvice(engine, { hasGpu, cores: threads, cpu }),
    problems,
  };
}

async function examineEngine(engine: Engine, problems: string[]): Promise<Machine> {
  let library: string | null = null;
  let version: string | null = null;
  let devices: Device[] = [];
  let compiledChains: Machine['compiledChains'] = null;
  try {
    library = findLibrary().directory;
    const { tensorflow } = await import('../tensorflow/api.js');
    version = tensorflow().TF_Version();
    const { Program } = await import('../tensorflow/program.js');
    const { engineOptions } = await import('../train/engineOptions.js');
    const program = new Program(engineOptions(engine));
    try {
      devices = program.devices();
      compiledChains = await examineChains(program, problems);
    } finally {
      await program.dispose();
    }
  } catch (error) {
    problems.push(message(error));
  }
  const types = devices.map(({ type }) => type);
  if (version !== null && version !== tensorflowVersion)
    problems.push(`TensorFlow is ${version}, but cmtdet is made for ${tensorflowVersion}: run \`npx cmtdet setup\`.`);
  if (version !== null && existsSync('/proc/driver/nvidia/version') && !types.includes('GPU'))
    problems.push(
      library?.includes('-cuda-')
        ? 'There is an NVIDIA driver, but TensorFlow sees no GPU: run with TF_CPP_MIN_LOG_LEVEL=0 to read why (driver 525 or newer is needed).'
        : 'There is an NVIDIA driver, but this TensorFlow is the CPU build: run `npx cmtdet setup --gpu`.',
    );
  return { tensorflow: { version, library, devices: types }, devices, compiledChains };
}

async function examineChains(program: Program, problems: string[]): Promise<'work' | 'fail' | 'off'> {
  const { tryCompiledChains } = await import('../tensorflow/compiledChains.js');
  try {
    return (await tryCompiledChains(program)) ? 'work' : 'off';
  } catch (error) {
    problems.push(
      `Compiled chains of operations fail here: ${message(error)}\n  Train with engine.fuse: none, and please report the machine.`,
    );
    return 'fail';
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

function describe(diagnosis: Diagnosis, configName: string): string {
  const { node, platform, tensorflow, devices, cpu, threads, warnings, problems } = diagnosis;
  const facts = [
    ['Node', `${node}, ${platform}`],
    ['TensorFlow', tensorflow.version ?? 'not loaded'],
    ['library', tensorflow.library ?? 'not found'],
    ['devices', devices.map(describeDevice).join(', ') || 'none'],
    ['CPU', describeCpu(cpu, threads)],
    [`engine settings (${configName})`, ''],
    ...describeSettings(diagnosis),
  ] as const;
  const lines = facts.map(([name, value]) => `${name.padEnd(18)}${value}`);
  const cautions = warnings.map((warning) => `${paint('yellow', 'warning:', process.stdout)} ${warning}`);
  const verdict =
    problems.length === 0
      ? [paint('green', 'All is well.', process.stdout)]
      : problems.map((problem) => `${paint('red', 'problem:', process.stdout)} ${problem}`);
  return [...lines, ...cautions, ...verdict].join('\n');
}

/** `CPU`; `GPU:0 with 74.2 GiB` */
function describeDevice({ name, type, memoryBytes }: Device): string {
  if (type === 'CPU') return type;
  return `${name.replace(/^.*device:/, '')} with ${(memoryBytes / 2 ** 30).toFixed(1)} GiB`;
}

function describeCpu(cpu: CpuFeatures | null, threads: number): string {
  const cores = `${threads} ${threads === 1 ? 'core' : 'cores'}`;
  if (cpu === null) return cores;
  const names = { avx2: 'AVX2', avx512: 'AVX-512', bfloat16: 'bfloat16', float16: 'float16' } as const;
  const present = Object.entries(names).filter(([key]) => cpu[key as keyof typeof names]);
  return [cpu.model ?? process.arch, cores, ...present.map(([, name]) => name)].join(', ');
}

function describeSettings({ engine, threads, compiledChains }: Diagnosis): [name: string, value: string][] {
  const onOff = (value: boolean) => (value ? 'on' : 'off');
  const chains = { work: 'compiled chains work', fail: 'compiled chains fail', off: 'nothing is compiled' } as const;
  return [
    ['  threads', engine.threads === null ? `all, ${threads}` : String(engine.threads)],
    ['  xla', engine.xla === 'auto' ? 'auto' : onOff(engine.xla)],
    ['  mixedPrecision', engine.mixedPrecision + (engine.mixedPrecision === 'float16' ? ', with loss scaling' : '')],
    ['  fuse', engine.fuse + (compiledChains === null ? '' : `: ${chains[compiledChains]}`)],
    ['  memoryGrowth', onOff(engine.memoryGrowth)],
  ];
}
