import { describe, expect, test } from 'vitest';
import { causeOf, isWorthRestarting, launchWorkers, type WorkerEnd } from '../../src/distributed/launch.js';

/** Launches a program that knows its `index` and the `addresses` of all. */
async function launch(program: string, options: { workers?: number; stopAfterLines?: number; graceMs?: number } = {}) {
  const lines: string[] = [];
  const stop = new AbortController();
  const head =
    'const { cluster, task: { index } } = JSON.parse(process.env.TF_CONFIG); const addresses = cluster.worker;';
  const ends = await launchWorkers({
    command: [process.execPath, '-e', `${head}${program}`],
    workers: 2,
    environment: (index) => ({ SHARE: `share ${index}` }),
    onLine(index, stream, line) {
      lines.push(`${index} ${stream} ${line}`);
      if (lines.length === options.stopAfterLines) stop.abort();
    },
    stop: stop.signal,
    ...options,
  });
  return { lines: lines.sort(), ends };
}

const forever = 'setInterval(() => {}, 1000);';

describe('launched workers', () => {
  test('each finds its place among different addresses, and what is its own in the environment', async () => {
    const { lines, ends } = await launch(
      'console.log(new Set(addresses).size, process.env.SHARE); console.error("to err");',
      { workers: 3 },
    );
    expect(lines).toEqual([
      '0 stderr to err',
      '0 stdout 3 share 0',
      '1 stderr to err',
      '1 stdout 3 share 1',
      '2 stderr to err',
      '2 stdout 3 share 2',
    ]);
    expect(ends.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(causeOf(ends)).toBeUndefined();
  });

  test('one fails with a message, the other because of that: the message is of the first, even if it comes later', async () => {
    const { ends, lines } = await launch(`
      if (index === 1) { console.error('working'); console.error('error: no such file\\n  at all'); setTimeout(() => process.exit(1), 200); }
      else { console.error('error: worker 1 is gone'); process.exitCode = 75; }`);
    expect(lines).toEqual(['1 stderr working']);
    const cause = causeOf(ends)!;
    expect(cause).toMatchObject({ index: 1, code: 1, message: ['error: no such file', '  at all'] });
    expect(isWorthRestarting(cause)).toBe(false);
  });

  test('one is killed: that is the cause, and the run is worth another try', async () => {
    const { ends } = await launch(
      `if (index === 0) process.kill(process.pid, 'SIGKILL'); else setTimeout(() => process.exit(75), 100);`,
    );
    const cause = causeOf(ends)!;
    expect(cause).toMatchObject({ index: 0, code: 137, killedBy: 'SIGKILL', givenUp: false });
    expect(isWorthRestarting(cause)).toBe(true);
  });

  test('one hangs, the other says so: the first is given up and killed, what the other says is the cause', async () => {
    const { ends } = await launch(
      `if (index === 0) { ${forever} } else { console.error('error: worker 0 hangs'); process.exitCode = 75; }`,
      { graceMs: 500 },
    );
    expect(causeOf(ends)).toMatchObject({ index: 1, code: 75, message: ['error: worker 0 hangs'] });
    expect(ends[1]).toMatchObject({ index: 0, killedBy: 'SIGKILL', givenUp: true });
  });

  test('a request to stop reaches all of them', async () => {
    const program = `process.on('SIGTERM', () => process.exit(130)); ${forever} console.error('ready');`;
    const { ends } = await launch(program, { stopAfterLines: 2 });
    expect(ends.map(({ code }) => code)).toEqual([130, 130]);
  });
});

test('nothing to blame where all are done', () => {
  const done: WorkerEnd = { index: 0, code: 0, killedBy: null, givenUp: false, message: [] };
  expect(causeOf([done])).toBeUndefined();
});
