import { serveJobs } from '../../../src/data/parallel/jobs.js';

/** Squares numbers, slowly: `delay` milliseconds each. Those below 0 are errors. */
serveJobs(({ delay }: { delay: number }) => async (job: number) => {
  await new Promise((resolve) => setTimeout(resolve, delay));
  if (job < 0) throw new RangeError(`${job} is below 0`);
  return job ** 2;
});
