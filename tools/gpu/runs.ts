/** Programs that the check starts, each in a process of its own, so that a failure or a full card ends that one alone. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { oursCommand } from '../bench/contenders.js';
import { type Job, type Measurement, runJob } from '../bench/job.js';
import type { NumbersJob } from './numbers.js';

export interface RunLimits {
  readonly seconds: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** As the driver calls it, with the driver's version and the card's memory. */
export async function cardName(): Promise<string> {
  const fields = ['--query-gpu=name,driver_version,memory.total', '--format=csv,noheader'];
  return new Promise((resolve) => {
    execFile('nvidia-smi', fields, (error, stdout) =>
      resolve(error === null ? stdout.trim() : 'a GPU of unknown name'),
    );
  });
}

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Hides the card from TensorFlow. */
export const withoutCard = { CUDA_VISIBLE_DEVICES: '-1' };

/** How often the memory of the card is looked at, in ms. */
const watchEvery = 250;

/** A command of cmtdet, from its sources, that prints a JSON document. */
export async function cmtdet<T>(args: readonly string[], { seconds, env = {} }: RunLimits): Promise<T> {
  const all = ['--import', 'tsx', here('../../src/cli/main.ts'), ...args, '--json'];
  return new Promise((resolve, reject) => {
    const options = { timeout: seconds * 1000, env: { ...process.env, ...env }, maxBuffer: 2 ** 26 };
    execFile(process.execPath, all, options, (error, stdout, stderr) => {
      if (stdout === '') reject(new Error(stderr.trim().split('\n').slice(-3).join(' | ') || error?.message));
      else resolve(JSON.parse(stdout) as T);
    });
  });
}

/** What a network makes of made-up pictures. */
export function numbers(job: NumbersJob, limits: RunLimits): Promise<number[]> {
  return runJob<number[]>(process.execPath, ['--import', 'tsx', here('./numbers.ts'), JSON.stringify(job)], limits);
}

export interface Rate extends Measurement {
  /** Largest size that was in use on the card, in MB; null where the driver does not say. */
  readonly cardMb: number | null;
}

/** Times our steps. */
export async function ourRate(job: Job, limits: RunLimits): Promise<Rate> {
  const { command, args } = oursCommand(job);
  return watched(() => runJob<Measurement>(command, args, limits));
}

/** Times the same work in PyTorch. @param mode as in works.py */
export async function pytorchRate(python: string, job: Job, mode: string, limits: RunLimits): Promise<Rate> {
  const env = { ...limits.env, CMTDET_BENCH_DEVICE: 'cuda' };
  const args = [here('../bench/pytorch/measure.py'), JSON.stringify(job), mode];
  const measured = await runJob<Measurement & { card_mb: number }>(python, args, { ...limits, env });
  return { ...measured, cardMb: measured.card_mb };
}

async function watched(run: () => Promise<Measurement>): Promise<Rate> {
  let cardMb: number | null = null;
  const timer = setInterval(() => {
    execFile('nvidia-smi', ['--query-gpu=memory.used', '--format=csv,noheader,nounits'], (error, stdout) => {
      const used = Number.parseFloat(stdout);
      if (error === null && used > (cardMb ?? 0)) cardMb = used;
    });
  }, watchEvery);
  try {
    const measured = await run();
    return { ...measured, cardMb };
  } finally {
    clearInterval(timer);
  }
}
