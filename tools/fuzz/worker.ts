/** Reads the damaged files of one batch; the parent (`../fuzz.ts`) watches time, memory and how it ends. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CmtdetError } from '../../src/errors.js';
import { Random } from '../../src/random.js';
import { fuzzedFormats } from './formats.js';

/** What the parent is told: before each case, after each, and what was found. */
export type Told =
  | { readonly at: number }
  | { readonly done: number; readonly accepted: boolean; readonly ms: number; readonly residentMb: number }
  | { readonly finding: string };

const [name, seed, first, count] = process.argv.slice(2) as [string, string, string, string];
const format = fuzzedFormats[name]!;
const folder = mkdtempSync(join(tmpdir(), 'cmtdet-fuzz-'));
const tell = (told: Told) => new Promise((sent) => process.send!(told, sent));

try {
  for (let i = Number(first); i < Number(first) + Number(count); i++) {
    const path = join(folder, `1${format.ending}`);
    writeFileSync(path, await format.damaged(new Random(Number(seed)).fork(i)));
    await tell({ at: i });
    const started = performance.now();
    const accepted = await tryReading(path);
    const ms = performance.now() - started;
    await tell({ done: i, accepted, ms, residentMb: process.memoryUsage.rss() / 2 ** 20 });
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.disconnect();

/** Whether the reader took the file. A refusal is good too; any other error is a finding. */
async function tryReading(path: string): Promise<boolean> {
  try {
    await format.read(path);
    return true;
  } catch (error) {
    if (error instanceof CmtdetError) return false;
    await tell({ finding: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    return false;
  }
}
