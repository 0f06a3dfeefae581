/** Runs of the compiled commands in processes of their own, for tools that stop them and compare what they come to. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { bytesOf } from '../src/formats/namedArray.js';
import { readSafetensors } from '../src/formats/safetensors.js';

export interface CommandRun {
  readonly child: ChildProcessByStdio<null, null, Readable>;
  /** What it has said so far on standard error. */
  readonly said: () => string;
  /** Its exit code, when all of it has ended; null where a signal ended it. */
  readonly ended: Promise<number | null>;
}

/** Starts `cmtdet` as it was compiled last (npm run setup). */
export function startCommand(args: readonly string[]): CommandRun {
  const child = spawn(process.execPath, ['bin/cmtdet.js', ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (text) => {
    said += text;
  });
  return { child, said: () => said, ended: new Promise((resolve) => child.once('close', resolve)) };
}

/** Of all tensors of a run's last checkpoint. */
export function digestOf(run: string): string {
  const hash = createHash('sha256');
  for (const [name, array] of readSafetensors(join(run, 'last.safetensors')).tensors)
    hash.update(name).update(bytesOf(array));
  return hash.digest('hex');
}
