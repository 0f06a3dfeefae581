import { afterEach, describe, expect, it } from 'vitest';
import { WorkerPool, workerModule } from '../../../src/data/parallel/workerPool.js';

const module = workerModule(import.meta.url, './square.worker');
let pool: WorkerPool<number, { square: number; threadId: number }>;
function open(size: number): typeof pool {
  pool = new WorkerPool({ module, size, settings: {} });
  return pool;
}
afterEach(() => pool.close());

const numbers = (length: number) => Array.from({ length }, (_, i) => i);

describe('WorkerPool', () => {
  it.each([
    [1, 1],
    [3, 2],
    [50, 1],
    [50, 3],
  ])('%i jobs, %i workers: each job gets its own result', async (jobs, size) => {
    const workers = open(size);
    const results = await Promise.all(numbers(jobs).map((job) => workers.run(job)));
    expect(results.map(({ square }) => square)).toEqual(numbers(jobs).map((n) => n ** 2));
  });

  it('an error belongs to its job alone, though several travel together', async () => {
    const workers = open(1);
    const outcomes = await Promise.allSettled(numbers(40).map((job) => workers.run(job % 5 === 3 ? -job : job)));
    for (const [job, outcome] of outcomes.entries())
      if (job % 5 === 3) expect(outcome).toMatchObject({ reason: { message: `${-job} is below 0` } });
      else expect(outcome).toMatchObject({ value: { square: job ** 2 } });
  });

  it('few jobs are spread over all workers', async () => {
    const workers = open(4);
    const results = await Promise.all(numbers(4).map((job) => workers.run(job)));
    expect(new Set(results.map(({ threadId }) => threadId)).size).toBe(4);
  });

  it('closing rejects what is under way and what waits', async () => {
    const workers = open(1);
    const outcomes = Promise.allSettled(numbers(30).map((job) => workers.run(job)));
    await workers.close();
    for (const outcome of await outcomes)
      expect(outcome).toMatchObject({ status: 'rejected', reason: { message: 'the worker pool is closed' } });
    await expect(workers.run(1)).rejects.toThrow('closed');
  });
});
