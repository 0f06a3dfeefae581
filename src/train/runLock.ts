/** One process at a time in a run folder: two would overwrite each other's states. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { z } from 'zod';
import { UsageError } from '../errors.js';

const Holder = z.object({
  pid: z.int(),
  host: z.string(),
  /** When it took the lock, for people. */
  since: z.string(),
  /** What tells the process from a later one of the same id; null where the system does not say. */
  born: z.string().nullable(),
});
type Holder = z.infer<typeof Holder>;

export class RunLock {
  readonly #file: string;
  readonly #text: string;
  /** Who held the lock, and died with it. */
  readonly left: string | undefined;

  /**
   * Takes the lock, also from a process of this machine that is dead.
   *
   * @throws UsageError when a process holds it, or one of another machine may
   */
  constructor(file: string) {
    const own: Holder = {
      pid: process.pid,
      host: hostname(),
      since: new Date().toISOString(),
      born: bornOf(process.pid),
    };
    this.#file = file;
    this.#text = `${JSON.stringify(own)}\n`;
    while (!this.#create()) {
      const text = textOf(file);
      if (text === undefined) continue; // released between the two looks
      const holder = parse(text);
      if (holder !== undefined && mayLive(holder)) throw held(file, holder);
      this.left = holder === undefined ? 'a process that wrote half a lock' : describe(holder);
      this.#takeAway(text);
    }
  }

  /** Where the disk does not let it (it may be what ended the run), the lock stays behind as one of a dead process. */
  release(): void {
    try {
      if (textOf(this.#file) === this.#text) rmSync(this.#file, { force: true });
    } catch {}
  }

  #create(): boolean {
    try {
      writeFileSync(this.#file, this.#text, { flag: 'wx' });
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    }
  }

  /** Removes a dead process's lock, unless another process has done so and taken it meanwhile. */
  #takeAway(dead: string): void {
    const mine = `${this.#file}.${process.pid}`;
    try {
      renameSync(this.#file, mine);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw error;
    }
    const text = textOf(mine);
    if (text !== dead && text !== undefined) renameSync(mine, this.#file);
    else rmSync(mine, { force: true });
  }
}

function held(file: string, holder: Holder): UsageError {
  const elsewhere =
    holder.host === hostname() ? '' : ` If that process is over, remove ${file}: it cannot be looked at from here.`;
  return new UsageError(`${describe(holder)} works in this run folder: two at once would spoil it.${elsewhere}`);
}

const describe = ({ pid, host, since }: Holder): string => `process ${pid} of ${host}, since ${since},`;

/** Whether the process of a lock is there; one of another machine may be. */
function mayLive({ pid, host, born }: Holder): boolean {
  if (host !== hostname()) return true;
  try {
    process.kill(pid, 0); // sends nothing
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const now = bornOf(pid);
  return born === null || now === null || born === now;
}

/** On Linux: the boot of the machine, and when in it the process began. */
function bornOf(pid: number): string | null {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8'); // proc(5): the second field may hold spaces, in brackets
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' ? 'dead' : `${boot} ${fields[18]}`; // the 22nd of all: starttime
  } catch {
    return null;
  }
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function parse(text: string): Holder | undefined {
  try {
    return Holder.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
