/** What `cmtdet` alone says: the step that comes next here. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { CmtdetError } from '../errors.js';
import { findLibrary } from '../tensorflow/install/locate.js';

/** Lines for people. @param folder in which the command was called */
export function nextSteps(folder = '.'): string[] {
  const step = (command: string, what: string) => `  ${`npx cmtdet ${command}`.padEnd(52)}  ${what}`;
  const checkpoint = newestCheckpoint(folder);
  return [
    'cmtdet finds objects in pictures: it learns from yours, and measures what it has learnt.',
    '',
    ...(isReady() ? [] : [step('setup', "first: TensorFlow's library is not here yet")]),
    ...(checkpoint === undefined
      ? [step('demo', 'the whole path in some minutes, on pictures made here')]
      : [step(`predict ${checkpoint} photos --out found`, 'what the newest checkpoint here finds')]),
    step('new photos --out photos.yaml', 'a config for your own pictures and boxes'),
    step('train photos.yaml', 'a detector of them'),
    step('--help', 'all commands'),
  ];
}

function isReady(): boolean {
  try {
    findLibrary();
    return true;
  } catch (error) {
    if (error instanceof CmtdetError) return false;
    throw error;
  }
}

/** Below `runs/`, that of the run whose name comes last. */
function newestCheckpoint(folder: string): string | undefined {
  const runs = join(folder, 'runs');
  if (!existsSync(runs)) return undefined;
  const found = readdirSync(runs).map((name) => join('runs', name, 'best.safetensors'));
  return found.filter((path) => existsSync(join(folder, path))).at(-1);
}
