/** Starts the workers of a run on this machine, and sees to it that they end together. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { exitCodes } from '../errors.js';
import { toTfConfig } from './cluster.js';
import { freePorts } from './ports.js';

export interface LaunchOptions {
  /** The program and its arguments, the same for all workers. */
  readonly command: readonly [program: string, ...args: string[]];
  readonly workers: number;
  /** Variables that one worker gets in addition. */
  readonly environment: (index: number) => NodeJS.ProcessEnv;
  /** Hears each line of a worker, but for those of the message with which it fails. */
  readonly onLine: (index: number, stream: 'stdout' | 'stderr', line: string) => void;
  /** Asks the workers to save and stop. */
  readonly stop?: AbortSignal;
  /** Ends them at once. */
  readonly kill?: AbortSignal;
  /** Time for the others to notice that one has failed, and to end with a message. Default 15,000. */
  readonly graceMs?: number;
}

/** How a worker ended. */
export interface WorkerEnd {
  readonly index: number;
  /** As a shell has it: 128 and the signal's number where a signal ended it. */
  readonly code: number;
  readonly killedBy: NodeJS.Signals | null;
  /** It did not end by itself after another one had failed. */
  readonly givenUp: boolean;
  /** The message with which it failed, as it wrote it. */
  readonly message: readonly string[];
}

/** Every command of ours begins the message with which it fails like that. */
const beginsMessage = /^\S*error:/; // colours may come first

/**
 * Runs the workers until all have ended. When one fails, the others have a moment to say so; then they are killed.
 *
 * @returns their ends, in order
 */
export async function launchWorkers(options: LaunchOptions): Promise<WorkerEnd[]> {
  const { command, workers, environment, onLine, graceMs = 15_000 } = options;
  const [program, ...args] = command;
  const addresses = (await freePorts(workers)).map((port) => `127.0.0.1:${port}`);
  const children = addresses.map((_, index) =>
    spawn(program, args, {
      env: { ...process.env, ...environment(index), TF_CONFIG: toTfConfig({ addresses, index }) },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true, // Ctrl-C on the terminal reaches the launcher alone, which passes it on once
    }),
  );
  const running = () => children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
  const send = (name: NodeJS.Signals) => () => {
    for (const child of running()) child.kill(name);
  };
  const [stop, kill] = [send('SIGTERM'), send('SIGKILL')];
  options.stop?.addEventListener('abort', stop);
  options.kill?.addEventListener('abort', kill);
  let grace: NodeJS.Timeout | undefined;
  const givenUp = new Set<ChildProcess>();
  const giveUp = () => {
    for (const child of running()) givenUp.add(child);
    kill();
  };
  const ends: WorkerEnd[] = [];
  await Promise.all(
    children.map(async (child, index) => {
      const end = await endOf(child, index, onLine);
      ends.push({ ...end, givenUp: givenUp.has(child) });
      if (end.code !== exitCodes.done) grace ??= setTimeout(giveUp, graceMs);
    }),
  );
  clearTimeout(grace);
  options.stop?.removeEventListener('abort', stop);
  options.kill?.removeEventListener('abort', kill);
  return ends;
}

/** The end that the others followed from: the first that is not a worker's who had lost another one. */
export function causeOf(ends: readonly WorkerEnd[]): WorkerEnd | undefined {
  const failed = ends.filter(({ code, givenUp }) => code !== exitCodes.done && !givenUp);
  return failed.find(({ code }) => code !== exitCodes.workerLost) ?? failed[0];
}

/** Whether a run that ended so can be expected to go on where it is started again. */
export const isWorthRestarting = ({ code, killedBy }: WorkerEnd): boolean =>
  killedBy !== null || code === exitCodes.workerLost;

async function endOf(
  child: ChildProcess,
  index: number,
  onLine: LaunchOptions['onLine'],
): Promise<Omit<WorkerEnd, 'givenUp'>> {
  const message: string[] = [];
  readLines(child.stdout!, (line) => onLine(index, 'stdout', line));
  readLines(child.stderr!, (line) => {
    if (message.length > 0 || beginsMessage.test(line)) message.push(line);
    else onLine(index, 'stderr', line);
  });
  const [code, killedBy] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { index, code: code ?? 128 + constants.signals[killedBy!], killedBy, message };
}

function readLines(stream: Readable, onLine: (line: string) => void): void {
  createInterface({ input: stream }).on('line', onLine);
}
