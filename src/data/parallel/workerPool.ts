import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { JobReply, JobRequest, JobRunner } from './jobs.js';

/** Jobs that a worker holds at once: the second one waits in its inbox, so that it never idles between two. */
const jobsPerWorker = 2;

interface WaitingJob<Job, Result> {
  readonly job: Job;
  resolve(result: Result): void;
  reject(error: unknown): void;
}

interface PoolWorker<Job, Result> {
  readonly thread: Worker;
  readonly jobs: Map<number, WaitingJob<Job, Result>>;
}

export interface WorkerPoolOptions {
  /** The worker module, without extension, beside the caller: `workerModule(import.meta.url, './thing.worker')`. */
  readonly module: URL;
  /** Number of threads. */
  readonly size: number;
  /** Given to the module's `serveJobs`; must be cloneable. */
  readonly settings: unknown;
}

/**
 * The address of a worker module beside the calling one, in the form that the caller itself runs in: compiled (`.js`) from
 * `dist`, TypeScript (`.ts`) in tests and tools.
 */
export function workerModule(callerUrl: string, path: string): URL {
  return new URL(`${path}${callerUrl.endsWith('.ts') ? '.ts' : '.js'}`, callerUrl);
}

/** Threads that do jobs. Whoever is free takes the next one; an idle pool does not keep the process alive. */
export class WorkerPool<Job, Result> implements JobRunner<Job, Result> {
  readonly #workers: PoolWorker<Job, Result>[];
  readonly #waiting: WaitingJob<Job, Result>[] = [];
  #nextId = 0;
  #ended: Error | undefined;

  constructor({ module, size, settings }: WorkerPoolOptions) {
    this.#workers = Array.from({ length: size }, () => this.#open(module, settings));
  }

  run(job: Job): Promise<Result> {
    if (this.#ended) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ job, resolve, reject });
      this.#hand();
    });
  }

  async close(): Promise<void> {
    this.#end(new Error('the worker pool is closed'));
    await Promise.all(this.#workers.map(({ thread }) => thread.terminate()));
  }

  #open(module: URL, settings: unknown): PoolWorker<Job, Result> {
    const thread = startThread(module, settings);
    const jobs = new Map<number, WaitingJob<Job, Result>>();
    thread.unref();
    thread.on('message', (reply: JobReply<Result>) => {
      const waiting = jobs.get(reply.id);
      jobs.delete(reply.id);
      if (jobs.size === 0) thread.unref();
      if ('error' in reply) waiting?.reject(reply.error);
      else waiting?.resolve(reply.result);
      this.#hand();
    });
    thread.on('error', (error) => this.#end(error));
    thread.on('exit', (code) => this.#end(new Error(`a worker thread ended by itself with code ${code}`)));
    return { thread, jobs };
  }

  /** Gives waiting jobs to the least busy workers. */
  #hand(): void {
    while (this.#waiting.length > 0) {
      const worker = this.#workers.reduce((best, other) => (other.jobs.size < best.jobs.size ? other : best));
      if (worker.jobs.size >= jobsPerWorker) return;
      const waiting = this.#waiting.shift()!;
      const id = this.#nextId++;
      if (worker.jobs.size === 0) worker.thread.ref();
      worker.jobs.set(id, waiting);
      worker.thread.postMessage({ id, job: waiting.job } satisfies JobRequest<Job>);
    }
  }

  /** Rejects all that is under way; the first reason stays. */
  #end(reason: unknown): void {
    this.#ended ??= reason instanceof Error ? reason : new Error(String(reason));
    for (const { reject } of this.#waiting.splice(0)) reject(this.#ended);
    for (const { jobs } of this.#workers) {
      for (const { reject } of jobs.values()) reject(this.#ended);
      jobs.clear();
    }
  }
}

/** A thread that runs a module. Threads do not inherit TypeScript hooks, so for a `.ts` module tsx is registered first. */
function startThread(module: URL, settings: unknown): Worker {
  if (!module.pathname.endsWith('.ts')) return new Worker(fileURLToPath(module), { workerData: settings });
  const code = `import('tsx/esm/api').then(({ register }) => { register(); return import(${JSON.stringify(module.href)}); })`;
  return new Worker(code, { eval: true, workerData: settings, execArgv: [] });
}
