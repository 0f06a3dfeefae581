import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { JobOutcome, JobRunner } from './jobs.js';

/** Messages that a worker holds at once: the second one waits in its inbox, so that it never idles between two. */
const messagesPerWorker = 2;
/** Jobs that a message carries where enough are waiting: sending one, and its answer, costs both threads time. */
const jobsPerMessage = 4;

interface WaitingJob<Job, Result> {
  readonly job: Job;
  resolve(result: Result): void;
  reject(error: unknown): void;
}

interface PoolWorker<Job, Result> {
  readonly thread: Worker;
  /** The messages that it has not answered yet, oldest first. */
  readonly messages: (readonly WaitingJob<Job, Result>[])[];
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
    const messages: (readonly WaitingJob<Job, Result>[])[] = [];
    thread.unref();
    thread.on('message', (outcomes: readonly JobOutcome<Result>[]) => {
      const jobs = messages.shift() ?? []; // none after the pool has ended
      if (messages.length === 0) thread.unref();
      for (const [i, { resolve, reject }] of jobs.entries()) {
        const outcome = outcomes[i]!;
        if ('error' in outcome) reject(outcome.error);
        else resolve(outcome.result);
      }
      this.#hand();
    });
    thread.on('error', (error) => this.#end(error));
    thread.on('exit', (code) => this.#end(new Error(`a worker thread ended by itself with code ${code}`)));
    return { thread, messages };
  }

  /** Gives waiting jobs to the least busy workers. */
  #hand(): void {
    while (this.#waiting.length > 0) {
      const worker = this.#workers.reduce((best, other) =>
        other.messages.length < best.messages.length ? other : best,
      );
      if (worker.messages.length >= messagesPerWorker) return;
      // A fair share, so that none idles while another has several.
      const share = Math.ceil(this.#waiting.length / (messagesPerWorker * this.#workers.length));
      const jobs = this.#waiting.splice(0, Math.min(jobsPerMessage, share));
      if (worker.messages.length === 0) worker.thread.ref();
      worker.messages.push(jobs);
      worker.thread.postMessage(jobs.map(({ job }) => job));
    }
  }

  /** Rejects all that is under way; the first reason stays. */
  #end(reason: unknown): void {
    this.#ended ??= reason instanceof Error ? reason : new Error(String(reason));
    const underWay = this.#workers.flatMap(({ messages }) => messages.splice(0).flat());
    for (const { reject } of [...this.#waiting.splice(0), ...underWay]) reject(this.#ended);
  }
}

/** A thread that runs a module. Threads do not inherit TypeScript hooks, so for a `.ts` module tsx is registered first. */
function startThread(module: URL, settings: unknown): Worker {
  if (!module.pathname.endsWith('.ts')) return new Worker(fileURLToPath(module), { workerData: settings });
  const code = `import('tsx/esm/api').then(({ register }) => { register(); return import(${JSON.stringify(module.href)}); })`;
  return new Worker(code, { eval: true, workerData: settings, execArgv: [] });
}
