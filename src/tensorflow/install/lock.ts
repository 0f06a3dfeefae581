import { linkSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

export interface LockOptions {
  /** Called once if another process holds the lock. */
  readonly onWait?: () => void;
  /** Time between two looks at a lock that is held. @default 250 */
  readonly pollMs?: number;
  /** Age without a sign of life after which a holder on another machine counts as dead. @default 60_000 */
  readonly staleMs?: number;
}

/**
 * Runs `work` while this process alone holds `file`. A holder that died leaves the file behind; it is recognised by its
 * process id on this machine, and by a time stamp that is no longer renewed elsewhere (home folders on a network).
 */
export async function withLock<T>(file: string, work: () => Promise<T>, options: LockOptions = {}): Promise<T> {
  const { onWait, pollMs = 250, staleMs = 60_000 } = options;
  const owner = JSON.stringify({ pid: process.pid, host: hostname(), token: `${Date.now()}-${performance.now()}` });
  let waited = false;
  while (!tryCreate(file, owner)) {
    if (removeIfStale(file, staleMs)) continue;
    if (!waited) onWait?.();
    waited = true;
    await sleep(pollMs);
  }
  const heartbeat = setInterval(() => touch(file), staleMs / 6);
  heartbeat.unref();
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    if (read(file) === owner) rmSync(file, { force: true });
  }
}

function tryCreate(file: string, owner: string): boolean {
  try {
    writeFileSync(file, owner, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** True if the lock was free or has been freed, so that it is worth trying again at once. */
function removeIfStale(file: string, staleMs: number): boolean {
  const owner = read(file);
  const age = Date.now() - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Number.NaN);
  if (owner === undefined || Number.isNaN(age)) return true; // released between the two looks
  if (age < staleMs && !diedHere(owner)) return false;
  // Take the file away under a name of our own, then look again: another process may have replaced it meanwhile.
  const mine = `${file}.${process.pid}`;
  try {
    renameSync(file, mine);
    if (read(mine) !== owner) linkSync(mine, file);
  } catch {
    // the other process was faster
  }
  rmSync(mine, { force: true });
  return true;
}

function diedHere(owner: string): boolean {
  try {
    const { pid, host } = JSON.parse(owner) as { pid: number; host: string };
    if (host !== hostname()) return false;
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'; // half-written JSON counts as alive until it is stale
  }
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function touch(file: string): void {
  try {
    const now = new Date();
    utimesSync(file, now, now);
  } catch {
    // a folder that was deleted under us shows up in the work itself
  }
}
