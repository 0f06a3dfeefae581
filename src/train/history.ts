/** `history.jsonl` of a run folder: each time that a process worked there, with what, and what it was told anew. */
import { execFileSync } from 'node:child_process';
import { readFileSync, realpathSync } from 'node:fs';
import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import { tensorflow } from '../tensorflow/api.js';
import type { Program } from '../tensorflow/program.js';
import type { Change } from './changes.js';
import { historyFile, type RunFolder } from './runFolder.js';

/** A part of a run: from its beginning, or from where it was resumed. */
export interface PartOfRun {
  readonly from: 'beginning' | 'state';
  readonly step: number;
  readonly seed: number;
  /** What is different from the part before. */
  readonly changes: readonly Change[];
}

const root = new URL('../../', import.meta.url);

/** Adds a line: the part, when and where it was begun, and all versions that its bits depend on. */
export function writeHistory(run: RunFolder, program: Program, part: PartOfRun): void {
  const { version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
  const changes = part.changes.map(({ at, before, now }) => ({ at, before, now }));
  const line = {
    ...part,
    changes,
    time: new Date().toISOString(),
    host: hostname(),
    pid: process.pid,
    platform: `${process.platform}-${process.arch}`,
    devices: program.devices().map(({ name }) => name),
    versions: {
      cmtdet: version,
      commit: commitOf(fileURLToPath(root)),
      tensorflow: tensorflow().TF_Version(),
      node: process.version,
    },
  };
  run.list(historyFile, JSON.stringify(line));
}

/**
 * The commit of a clone, with `+` where files are not as they were committed; null for a folder that is no clone itself, such as an
 * installed package, although the project around it may be one.
 */
export function commitOf(folder: string): string | null {
  const git = (...args: string[]) =>
    execFileSync('git', args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    if (realpathSync(git('rev-parse', '--show-toplevel')) !== realpathSync(folder)) return null;
    const changed = git('status', '--porcelain', '--untracked-files=no') !== '';
    return git('rev-parse', 'HEAD') + (changed ? '+' : '');
  } catch {
    return null;
  }
}
