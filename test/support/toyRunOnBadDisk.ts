/**
 * For a process that may mount: trains the toy on a disk of its own, which is full, or read-only, from step 5 on; then mends the
 * disk and goes on in another process. Prints what the first one said, and the last tensors.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lastOf, toyRun } from './toyRun.js';

const [fault, folder, part] = process.argv.slice(2) as ['full' | 'read-only', string, 'beginning' | undefined];
const disk = join(folder, 'disk');
const ballast = join(disk, 'ballast');
const run = join(disk, 'run');

const faults = {
  full: {
    begin() {
      const { bavail, bsize } = statfsSync(disk);
      writeFileSync(ballast, new Uint8Array(bavail * bsize));
    },
    end: () => rmSync(ballast),
  },
  // A second mount over the folder: the first has files that are open for writing, which the system does not let go.
  'read-only': {
    begin: () => execFileSync('mount', ['-o', 'bind,ro', run, run]),
    end: () => execFileSync('umount', [run]),
  },
};

if (part === 'beginning') {
  await toyRun(run, false, (step) => {
    if (step === 5) faults[fault].begin();
  });
} else {
  mkdirSync(disk);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]);
  const again = [...process.execArgv, ...process.argv.slice(1), 'beginning'];
  const { stderr } = spawnSync(process.execPath, again, { encoding: 'utf8' });
  faults[fault].end();
  await toyRun(run, true);
  process.stdout.write(JSON.stringify({ said: stderr, last: lastOf(run) }));
}
