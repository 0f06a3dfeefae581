import { afterEach, describe, expect, it } from 'vitest';
import { WorkerPool, workerModule } from '../../../src/data/parallel/workerPool.js';

const module = workerModule(import.meta.url, './square.worker');
let pool: WorkerPool<number, number>;
const open = (size: number, delay = 0) => {
  pool = new WorkerPool({ module, size, settings: { delay } });
  return pool;
};
afterEach(() => pool.close());

const numbers = (length: number) => Array.from({ length }, (_, i) => i);

describe('WorkerPool', () => {
  it('each job gets its own result, for any number of jobs and workers', async () => {
    for (const [jobs, size] of [
      [1, 1],
      [3, 2],
      [50, 1],
      [50, 3],
    ] as const) {
      const squares = open(size);
      expect(await Promise.all(numbers(jobs).map((job) => squares.run(job)))).toEqual(numbers(jobs).map((n) => n ** 2));
      await squares.close();
    }
  });

  it('an error belongs to its job alone, though several travel together', async () => {
    const squares = open(1);
    const outcomes = await Promise.allSettled(numbers(40).map((job) => squares.run(job % 5 === 3 ? -job : job)));
    for (const [job, outcome] of outcomes.entries())
      if (job % 5 === 3) expect(outcome).toMatchObject({ reason: { message: `${-job} is below 0` } });
      else expect(outcome).toEqual({ status: 'fulfilled', value: job ** 2 });
  });

  it('few jobs are spread over all workers', async () => {
    const squares = open(4, 300);
    await Promise.all(numbers(4).map((job) => squares.run(job))); // now the threads have started
    const start = performance.now();
    await Promise.all(numbers(4).map((job) => squares.run(job)));
    expect(performance.now() - start).toBeLessThan(590); // two of them on one thread take 600
  });

  it('closing rejects what is under way and what waits', async () => {
    const squares = open(1, 50);
    const outcomes = Promise.allSettled(numbers(30).map((job) => squares.run(job)));
    await squares.close();
    for (const outcome of await outcomes)
      expect(outcome).toMatchObject({ status: 'rejected', reason: { message: 'the worker pool is closed' } });
    await expect(squares.run(1)).rejects.toThrow('closed');
  });
});
