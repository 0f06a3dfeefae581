/** What a run makes of a disk that refuses to write: it ends with the reason, and goes on to the same end once that is mended. */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import type * as fs from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { readSafetensors } from '../../src/formats/safetensors.js';
import { readState } from '../../src/train/state.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { lastOf, toyRun } from '../support/toyRun.js';

/** What the next handle of a state does; set by a test. */
let sabotage: ((file: FileHandle) => void) | undefined;

vi.mock('node:fs/promises', async (original) => {
  const actual = await original<typeof fs>();
  return {
    ...actual,
    async open(...args: Parameters<typeof fs.open>) {
      const file = await actual.open(...args);
      if (String(args[0]).includes('.state.safetensors.')) sabotage?.(file);
      return file;
    },
  };
});

const failing = (code: string) => () => Promise.reject(Object.assign(new Error(`${code}: injected`), { code }));

let wanted: string;
beforeAll(async () => {
  const path = join(temporaryFolder(), 'undisturbed');
  await toyRun(path, false);
  wanted = lastOf(path);
});

describe('a handle that fails while a state is written', () => {
  test.each<[string, string, (file: FileHandle) => void]>([
    [
      'the disk is full after the header',
      'ENOSPC',
      (file) => {
        const write = file.writeFile.bind(file);
        file.writeFile = async (data) => {
          file.writeFile = failing('ENOSPC');
          await write(data);
        };
      },
    ],
    ['EIO at the first byte', 'EIO', (file) => Object.assign(file, { writeFile: failing('EIO') })],
    ['EIO when the bytes go to the disk', 'EIO', (file) => Object.assign(file, { sync: failing('EIO') })],
  ])(
    '%s: the state before it is whole, nothing half-written is left, and the run goes on to the same end',
    async (_, code, how) => {
      const path = join(temporaryFolder(), 'run');
      const failed = toyRun(path, false, (step) => {
        if (step === 6) sabotage = how;
      });
      await expect(failed).rejects.toThrow(`cannot be written: ${code}`);
      sabotage = undefined;
      expect(readState(join(path, 'state.safetensors')).header.progress.updates).toBe(4);
      expect(readdirSync(path).filter((name) => name.endsWith('.tmp'))).toEqual([]);
      for (const name of readdirSync(path).filter((one) => one.endsWith('.safetensors')))
        readSafetensors(join(path, name));
      await toyRun(path, true);
      expect(lastOf(path)).toBe(wanted);
    },
  );
});

/** Whether a process may mount a disk of its own here. */
const mayMount = spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0;

describe.runIf(mayMount)('a real disk, in the middle of a run', () => {
  test.each([
    ['full', /ENOSPC|no space left/],
    ['read-only', /EROFS|read-only/],
  ])('%s: the run ends with the reason, and goes on to the same end afterwards', (fault, reason) => {
    const script = ['--import', 'tsx', 'test/support/toyRunOnBadDisk.ts', fault, temporaryFolder()];
    const { stdout, stderr } = spawnSync('unshare', ['-rm', process.execPath, ...script], { encoding: 'utf8' });
    expect(stdout, stderr).not.toBe('');
    expect(JSON.parse(stdout)).toEqual({ said: expect.stringMatching(reason), last: wanted });
  });
});
