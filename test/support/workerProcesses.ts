import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { toTfConfig } from '../../src/distributed/cluster.js';
import { freePorts } from '../../src/distributed/ports.js';

/** What a worker process ended with. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface WorkerProcess {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

/**
 * Starts a script of `test/support` once for each worker, on this machine.
 *
 * @param settings what the script finds as JSON in its first argument
 */
export async function startWorkers(count: number, script: string, settings: object): Promise<WorkerProcess[]> {
  const addresses = (await freePorts(count)).map((port) => `127.0.0.1:${port}`);
  return addresses.map((_, index) => startWorker(script, settings, toTfConfig({ addresses, index })));
}

function startWorker(script: string, settings: object, tfConfig: string): WorkerProcess {
  const file = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', file, JSON.stringify(settings)], {
    env: { ...process.env, TF_CONFIG: tfConfig },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (data) => {
    stdout += data;
  });
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  const ended = once(child, 'close').then(([code]) => ({ code, stdout, stderr }));
  return { child, ended };
}

/** Runs a script with so many workers to its end, and gives what each printed as JSON. @throws what a worker said that failed */
export async function runWorkers<T>(count: number, script: string, settings: object): Promise<T[]> {
  const workers = await startWorkers(count, script, settings);
  const all = await Promise.all(workers.map(({ ended }) => ended));
  const failed = all.find(({ code }) => code !== 0);
  if (failed) throw new Error(failed.stderr || failed.stdout);
  return all.map(({ stdout }) => JSON.parse(stdout));
}
