import { parentPort, workerData } from 'node:worker_threads';

/** Does jobs somewhere: in this thread (`runInline`) or in others (`WorkerPool`). */
export interface JobRunner<Job, Result> {
  run(job: Job): Promise<Result>;
  /** Jobs that have not begun are rejected; ends when nothing runs any more. */
  close(): Promise<void>;
}

/** What a worker module makes out of its settings: the function that does one job. */
export type JobHandler<Job, Result> = (job: Job) => Result | Promise<Result>;

/** Does the jobs in this thread, one after the other: for tests, debugging, and `workers: 0`. */
export function runInline<Job, Result>(handler: JobHandler<Job, Result>): JobRunner<Job, Result> {
  let last: Promise<unknown> = Promise.resolve();
  return {
    run(job) {
      const result = last.then(() => handler(job));
      last = result.catch(() => {});
      return result;
    },
    close: async () => void (await last),
  };
}

/** Messages between a pool and its workers. */
export type JobRequest<Job> = { readonly id: number; readonly job: Job };
export type JobReply<Result> = { readonly id: number } & ({ readonly result: Result } | { readonly error: unknown });

/**
 * The whole body of a worker module: does the jobs that its `WorkerPool` sends, in their order.
 *
 * @param open makes the handler from the pool's settings, once
 */
export function serveJobs<Settings, Job, Result>(
  open: (settings: Settings) => JobHandler<Job, Result> | Promise<JobHandler<Job, Result>>,
): void {
  const port = parentPort;
  if (!port) throw new Error('a worker module was imported by the main thread: start it with WorkerPool');
  const runner = Promise.resolve(open(workerData as Settings)).then(runInline);
  port.on('message', async ({ id, job }: JobRequest<Job>) => {
    let reply: JobReply<Result>;
    try {
      reply = { id, result: await (await runner).run(job) };
    } catch (error) {
      reply = { id, error };
    }
    port.postMessage(reply);
  });
}
