/** `cmtdet launch`: a training command as several workers on this machine. */
import { availableParallelism } from 'node:os';
import { causeOf, isWorthRestarting, launchWorkers, type WorkerEnd } from '../distributed/launch.js';
import { exitCodes, LaunchError, UsageError } from '../errors.js';
import { hasState } from '../train/runFolder.js';
import { note, paint, warn } from './console.js';

export interface LaunchOptions {
  readonly workers: number;
  /** One for each worker: what CUDA_VISIBLE_DEVICES will be. */
  readonly devices?: readonly string[];
  readonly restarts: number;
}

const commands = ['train', 'pretrain', 'profile'];

export async function launch(command: readonly string[], { workers, devices, restarts }: LaunchOptions): Promise<void> {
  if (!commands.includes(command[0]!))
    throw new UsageError(`launch ${command[0]}: expected one of ${commands.join(', ')} after "--"`);
  if (devices !== undefined && devices.length !== workers)
    throw new UsageError(`--devices names ${devices.length}, and there are ${workers} workers: one each`);
  const folder = optionOf(command, '--run');
  if (restarts > 0 && folder === undefined)
    throw new UsageError('--restarts needs --run in the command: the folder of the run to go on with');
  if (restarts > 0 && optionOf(command, '--minutes') !== undefined)
    throw new UsageError(
      '--restarts cannot tell how much of --minutes is left: in its place, add --set train.maxMinutes=N to the command',
    );
  const environment = (index: number) => ({
    ...shareOfCores(workers),
    TF_CPP_MIN_LOG_LEVEL: process.env.TF_CPP_MIN_LOG_LEVEL ?? '3', // of a lost worker, cmtdet says it in a sentence
    ...(devices && { CUDA_VISIBLE_DEVICES: devices[index]! }),
  });
  await withSignals(async (signals) => {
    for (let left = restarts, args = [...command]; ; left--) {
      const ends = await launchWorkers({ command: self(args), workers, environment, onLine, ...signals });
      const cause = causeOf(ends);
      if (cause === undefined) return;
      if (left === 0 || signals.stop.aborted || !isWorthRestarting(cause))
        throw new LaunchError(describe(spokesman(cause, ends)), cause.code);
      warn(`${describe(cause)}\nstarting again from the last state; restarts left after this one: ${left - 1}`);
      args = continued(command, folder!);
    }
  });
}

/** The first Ctrl-C (or SIGTERM) asks the workers to save and stop, the second one kills them. */
async function withSignals(body: (signals: { stop: AbortSignal; kill: AbortSignal }) => Promise<void>): Promise<void> {
  const [stop, kill] = [new AbortController(), new AbortController()];
  const onSignal = () => (stop.signal.aborted ? kill : stop).abort();
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of names) process.on(name, onSignal);
  try {
    await body({ stop: stop.signal, kill: kill.signal });
  } finally {
    for (const name of names) process.off(name, onSignal);
  }
}

/** This program with other arguments, started as it was. */
const self = (args: readonly string[]): [string, ...string[]] => [
  process.execPath,
  ...process.execArgv,
  process.argv[1]!,
  ...args,
];

/** Threads of TensorFlow that a worker may use, unless it is told otherwise (`engine.threads`, or the environment). */
function shareOfCores(workers: number): NodeJS.ProcessEnv {
  const threads = String(Math.max(1, Math.floor(availableParallelism() / workers)));
  return {
    TF_NUM_INTRAOP_THREADS: process.env.TF_NUM_INTRAOP_THREADS ?? threads,
    TF_NUM_INTEROP_THREADS: process.env.TF_NUM_INTEROP_THREADS ?? threads,
  };
}

/** Each line says whose it is; results are worker 0's alone. */
export function onLine(index: number, stream: 'stdout' | 'stderr', line: string): void {
  if (stream === 'stderr') note(`${paint('dim', `[${index}]`)} ${line}`);
  else if (index === 0) process.stdout.write(`${line}\n`);
}

/** Whose message is shown: of a run that was asked to stop, worker 0 knows where it was saved. */
const spokesman = (cause: WorkerEnd, ends: readonly WorkerEnd[]): WorkerEnd =>
  (cause.code === exitCodes.interrupted && ends.find(({ index }) => index === 0)) || cause;

function describe({ index, code, killedBy, message }: WorkerEnd): string {
  const how = killedBy === null ? `ended with exit code ${code}` : `was ended by ${killedBy}`;
  const words = message.join('\n').replace(/^\S*error:\S* /, '');
  if (code === exitCodes.interrupted) return words;
  return [`worker ${index} ${how}`, ...(words ? [words] : [])].join(': ');
}

/** What a command says after `--name`, or behind `--name=`; the last one counts. */
function optionOf(command: readonly string[], name: string): string | undefined {
  const at = command.findLastIndex((word) => word === name || word.startsWith(`${name}=`));
  return command[at] === name ? command[at + 1] : command[at]?.slice(name.length + 1);
}

/** The command that goes on with the run, if it has come to saving anything. */
export function continued(command: readonly string[], folder: string): string[] {
  if (command.includes('--resume') || !hasState(folder)) return [...command];
  const ofInit = (word: string | undefined) => word === '--init-from' || word?.startsWith('--init-from=');
  const withoutInit = command.filter((word, i) => !ofInit(word) && command[i - 1] !== '--init-from');
  return [...withoutInit, '--resume'];
}
