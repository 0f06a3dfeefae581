import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { toTfConfig } from '../../src/distributed/cluster.js';
import { freePorts } from '../../src/distributed/ports.js';
import { type DelayingProxy, delayingProxy } from './delayingProxy.js';

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

/**
 * Starts a script like {@link startWorkers}, over a network on which each piece of data is late by up to so many milliseconds, by
 * chance. Each worker has addresses of its own for the others.
 */
async function startFarWorkers(count: number, script: string, settings: object, delayMs: number) {
  const ports = await freePorts(count);
  const proxies: DelayingProxy[] = [];
  const workers: WorkerProcess[] = [];
  for (const index of ports.keys()) {
    const addresses: string[] = [];
    for (const [other, port] of ports.entries()) {
      if (other === index) addresses.push(`127.0.0.1:${port}`);
      else {
        const proxy = await delayingProxy(port, delayMs, count * index + other);
        proxies.push(proxy);
        addresses.push(`127.0.0.1:${proxy.port}`);
      }
    }
    workers.push(startWorker(script, settings, toTfConfig({ addresses, index })));
  }
  return { workers, proxies };
}

/**
 * Runs a script with so many workers to its end, and gives what each printed as JSON.
 *
 * @param delayMs by how much the network between them may be late
 * @throws what a worker said that failed
 */
export async function runWorkers<T>(count: number, script: string, settings: object, delayMs = 0): Promise<T[]> {
  const { workers, proxies } =
    delayMs > 0
      ? await startFarWorkers(count, script, settings, delayMs)
      : { workers: await startWorkers(count, script, settings), proxies: [] };
  const all = await Promise.all(workers.map(({ ended }) => ended));
  for (const proxy of proxies) proxy.close();
  const failed = all.find(({ code }) => code !== 0);
  if (failed) throw new Error(failed.stderr || failed.stdout);
  return all.map(({ stdout }) => JSON.parse(stdout));
}
