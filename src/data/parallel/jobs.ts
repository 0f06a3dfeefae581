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

/** What became of a job. */
export type JobOutcome<Result> = { readonly result: Result } | { readonly error: unknown };

/**
 * The whole body of a worker module: does the jobs that its `WorkerPool` sends, in their order. A message is a list of jobs, and its
 * answer the list of their outcomes.
 *
 * @param open makes the handler from the pool's settings, once
 */
export function serveJobs<Settings, Job, Result>(
  open: (settings: Settings) => JobHandler<Job, Result> | Promise<JobHandler<Job, Result>>,
): void {
  const port = parentPort;
  if (!port) throw new Error('a worker module was imported by the main thread: start it with WorkerPool');
  const runner = Promise.resolve(open(workerData as Settings)).then(runInline);
  const outcomeOf = async (job: Job): Promise<JobOutcome<Result>> => {
    try {
      return { result: await (await runner).run(job) };
    } catch (error) {
      return { error };
    }
  };
  port.on('message', async (jobs: readonly Job[]) => port.postMessage(await Promise.all(jobs.map(outcomeOf))));
}
