import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { startWorkers, type WorkerProcess } from '../support/workerProcesses.js';

const start = (count: number, settings: { timeout: number; rounds: number; delayMs?: number }) =>
  startWorkers(count, './exchanges.ts', settings);

/** Waits until a worker has received something. */
const exchanging = ({ child }: WorkerProcess) => once(child.stdout!, 'data');

const messageOf = (stderr: string) =>
  stderr
    .split('\n')
    .find((line) => line.startsWith('WorkerLostError'))
    ?.replaceAll(/:\d{4,5}\b/g, ':PORT');

describe('workers of one machine', { timeout: 180_000 }, () => {
  test('each receives what all gave, in their order, and what the first gave', async () => {
    const workers = await start(3, { timeout: 60, rounds: 2 });
    const outputs = await Promise.all(workers.map(({ ended }) => ended));
    expect(outputs.map(({ code }) => code)).toEqual([0, 0, 0]);
    const [first] = outputs.map(({ stdout }) =>
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    );
    expect(first).toEqual([
      {
        received: [[], [10, 11, 12, 13, 14, 15, 16], Array.from({ length: 14 }, (_, i) => 20 + i)],
        first: { round: 0, from: 0 },
      },
      {
        received: [[0], [10, 11, 12, 13, 14, 15, 16, 17], Array.from({ length: 15 }, (_, i) => 20 + i)],
        first: { round: 1, from: 0 },
      },
    ]);
    expect(new Set(outputs.map(({ stdout }) => stdout)).size).toBe(1);
  });

  test.each([0, 1])('worker %d killed: the other names it, and ends', async (index) => {
    const workers = await start(2, { timeout: 60, rounds: 1000, delayMs: 5 });
    await exchanging(workers[0]!);
    workers[index]!.child.kill('SIGKILL');
    const { code, stderr } = await workers[1 - index]!.ended;
    expect(code).toBe(75);
    expect(messageOf(stderr)).toBe(
      `WorkerLostError: worker ${index} (127.0.0.1:PORT) is gone: nobody listens at its address any more`,
    );
  });

  test('a worker stopped: the other names it within the time limit', async () => {
    const workers = await start(2, { timeout: 15, rounds: 1000, delayMs: 5 });
    await exchanging(workers[0]!);
    workers[1]!.child.kill('SIGSTOP');
    const stopped = performance.now();
    const { code, stderr } = await workers[0]!.ended;
    workers[1]!.child.kill('SIGKILL');
    expect(code).toBe(75);
    expect(performance.now() - stopped).toBeLessThan(45_000);
    expect(messageOf(stderr)).toBe(
      'WorkerLostError: worker 1 (127.0.0.1:PORT) hangs: its address takes calls, and nothing answers',
    );
  });

  test('a worker that does not come: the other says so after the time limit', async () => {
    const workers = await start(2, { timeout: 4, rounds: 1 });
    workers[1]!.child.kill('SIGKILL');
    const { code, stderr } = await workers[0]!.ended;
    expect(code).toBe(75);
    expect(messageOf(stderr)).toBe(
      'WorkerLostError: worker 1 (127.0.0.1:PORT) did not start within 4 s: is it running, and is its address reachable from here?',
    );
  });
});
