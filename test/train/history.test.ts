import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { commitOf } from '../../src/train/history.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

const project = temporaryFolder();
const git = (...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b.c', ...args], { cwd: project, encoding: 'utf8' });
git('init', '--quiet');
writeFileSync(join(project, 'file'), 'one');
git('add', 'file');
git('commit', '--quiet', '--message', 'first');
const commit = git('rev-parse', 'HEAD').trim();

it('a clone: its commit, with + where a file was changed', () => {
  expect(commitOf(project)).toBe(commit);
  expect(commitOf(`${project}/`)).toBe(commit);
  writeFileSync(join(project, 'file'), 'two');
  expect(commitOf(project)).toBe(`${commit}+`);
});

it('a package that is installed in a project under git: not the commit of the project', () => {
  const installed = join(project, 'node_modules', 'cmtdet');
  mkdirSync(installed, { recursive: true });
  expect(commitOf(installed)).toBeNull();
});

it('no git at all', () => {
  expect(commitOf(temporaryFolder())).toBeNull();
});
