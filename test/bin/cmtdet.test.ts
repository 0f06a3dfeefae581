import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../support/temporaryFolder.js';

/** A copy of bin/ alone; `compiled` is what dist/cli/main.js holds, if it is there. */
function copyOfBin(compiled?: string) {
  const folder = temporaryFolder();
  cpSync('bin', join(folder, 'bin'), { recursive: true });
  if (compiled !== undefined) {
    mkdirSync(join(folder, 'dist/cli'), { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(folder, 'dist/cli/main.js'), compiled);
  }
  const { status, stdout, stderr } = spawnSync(join(folder, 'bin/cmtdet.js'), ['--set', 'a.b=c'], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

const notSetUp = 'error: cmtdet is not set up here yet: run `npm run setup` in its folder first.\n';

it('before the set-up: one line that says what to do, exit code 1', () => {
  expect(copyOfBin()).toEqual({ status: 1, stdout: '', stderr: notSetUp });
});

it('compiled, but packages are missing: the same', () => {
  expect(copyOfBin("import 'a-package-that-is-not-there';")).toEqual({ status: 1, stdout: '', stderr: notSetUp });
});

it('compiled: runs it with the arguments, and its exit code is kept', () => {
  const compiled = 'console.log(...process.argv.slice(2)); process.exitCode = 3;';
  expect(copyOfBin(compiled)).toEqual({ status: 3, stdout: '--set a.b=c\n', stderr: '' });
});

it('a fault while it loads is not taken for a missing set-up', () => {
  const { status, stderr } = copyOfBin("throw new Error('a fault');");
  expect(status).toBe(1);
  expect(stderr).toContain('Error: a fault');
  expect(stderr).not.toContain(notSetUp);
});

it('package.json: its bin is there before the set-up, may be run, and is in the package', () => {
  const { bin, files } = JSON.parse(readFileSync('package.json', 'utf8'));
  expect(bin).toEqual({ cmtdet: 'bin/cmtdet.js' });
  expect(existsSync(bin.cmtdet)).toBe(true);
  expect(statSync(bin.cmtdet).mode & 0o111).toBe(0o111);
  expect(files).toContain('bin');
});
