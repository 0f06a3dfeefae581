import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeFolder } from '../../src/formats/makeFolder.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

const folder = temporaryFolder();

it('makes a folder and those above it; one that is there is fine', () => {
  makeFolder(join(folder, 'a/b/c'));
  makeFolder(join(folder, 'a/b/c'));
  expect(existsSync(join(folder, 'a/b/c'))).toBe(true);
});

it('a file in the way: the system says so, with the path', () => {
  writeFileSync(join(folder, 'file'), '');
  expect(() => makeFolder(join(folder, 'file'))).toThrow('EEXIST');
  expect(() => makeFolder(join(folder, 'file/x'))).toThrow(/EEXIST|ENOTDIR/);
});

it.runIf(existsSync('/proc/self'))(
  'a file system that says "no such folder" to making one: an error, not a loop',
  () => {
    expect(() => makeFolder('/proc/nope/deeper')).toThrow('no folder can be made in /proc: its file system refuses it');
  },
);
