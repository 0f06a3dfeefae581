/** One measurement, in a process of its own: what is asked of it and what it answers. */
import { spawn } from 'node:child_process';
import type { Engine } from '../../src/config/schema.js';

/** As `ours.ts` and `pytorch/measure.py` take it, in JSON. */
export interface Job {
  /** A name that `cmtdet info` knows, or `resnet50`, `retinanet_resnet50` of torchvision. */
  readonly network: string;
  readonly mode: 'train' | 'forward';
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  /** Changes to the config's engine settings; `ours.ts` only. */
  readonly engine?: Partial<Engine>;
  /** Steps before those that are timed. */
  readonly warmUp: number;
  readonly steps: number;
}

export interface Measurement {
  readonly seconds: readonly number[];
  /** Largest resident size of the process. */
  readonly peakMb: number;
  readonly threads: number;
  /** Multiply-accumulates of one picture, where the program counts them. */
  readonly macs?: number;
}

/** Why there is no measurement. */
export class JobFailure extends Error {}

export interface JobLimits {
  readonly seconds: number;
  /** Resident size at which a measurement gives up by itself (`ours.ts` only). */
  readonly memoryGib?: number;
  /** More of the environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Exit code of `ours.ts` when it needs more memory than allowed. */
export const memoryExitCode = 75;

/**
 * Runs a program that ends with a line of JSON.
 *
 * @throws JobFailure with the last lines that it wrote to standard error
 */
export async function runJob<T = Measurement>(
  command: string,
  args: readonly string[],
  { seconds, memoryGib, env = {} }: JobLimits,
): Promise<T> {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true, // a group of its own, so that compilers that it starts end with it
    env: { ...process.env, ...env, ...(memoryGib === undefined ? {} : { CMTDET_BENCH_MEMORY_GIB: String(memoryGib) }) },
  });
  const endGroup = () => process.kill(-child.pid!, 'SIGKILL');
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    errors = (errors + text).slice(-4000);
  });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    endGroup();
  }, seconds * 1000);
  process.once('exit', endGroup);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject).once('close', resolve);
    });
    if (late) throw new JobFailure(`not done after ${seconds} s`);
    if (code === memoryExitCode) throw new JobFailure(`needs more than ${memoryGib} GiB of memory`);
    if (code !== 0)
      throw new JobFailure(`ended with ${code ?? 'a signal'}: ${errors.trim().split('\n').slice(-3).join(' | ')}`);
    return JSON.parse(output.trim().split('\n').at(-1)!) as T;
  } finally {
    clearTimeout(timer);
    process.off('exit', endGroup);
  }
}
