import { existsSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { withLock } from '../../../src/tensorflow/install/lock.js';
import { temporaryFolder } from '../../support/temporaryFolder.js';

const lockFile = () => join(temporaryFolder(), 'lock');

it('two holders never work at the same time', async () => {
  const file = lockFile();
  let inside = 0;
  let most = 0;
  const work = async () => {
    most = Math.max(most, ++inside);
    await sleep(20);
    inside--;
  };
  await Promise.all(Array.from({ length: 5 }, () => withLock(file, work, { pollMs: 5 })));
  expect(most).toBe(1);
  expect(existsSync(file)).toBe(false);
});

it('work that throws gives the lock back', async () => {
  const file = lockFile();
  await expect(withLock(file, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await withLock(file, async () => 7)).toBe(7);
});

it('a holder on this machine that died is passed over at once', async () => {
  const file = lockFile();
  writeFileSync(file, JSON.stringify({ pid: 2 ** 22 + 1, host: hostname() })); // above Linux' largest process id
  let waited = false;
  const onWait = () => {
    waited = true;
  };
  expect(await withLock(file, async () => 1, { onWait })).toBe(1);
  expect(waited).toBe(false);
});

it('a holder on another machine counts as dead when its time stamp is old', async () => {
  const file = lockFile();
  writeFileSync(file, JSON.stringify({ pid: 1, host: 'elsewhere' }));
  let waits = 0;
  const options = { pollMs: 5, staleMs: 10_000, onWait: () => waits++ };
  const result = withLock(file, async () => 1, options);
  await sleep(30);
  expect(waits).toBe(1);
  utimesSync(file, 0, 0);
  expect(await result).toBe(1);
});
