import { threadId } from 'node:worker_threads';
import { serveJobs } from '../../../src/data/parallel/jobs.js';

/** Squares numbers, and says in which thread. Those below 0 are errors. */
serveJobs(() => (job: number) => {
  if (job < 0) throw new RangeError(`${job} is below 0`);
  return { square: job ** 2, threadId };
});
