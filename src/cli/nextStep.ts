/** What `cmtdet` alone says: the step that comes next here. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CmtdetError, isForPeople } from '../errors.js';
import { shellWord } from '../formats/shellWord.js';
import { isOurDetector } from '../models/checkpoints/modelFile.js';
import { findLibrary } from '../tensorflow/install/locate.js';

/** Lines for people. @param folder in which the command was called */
export function nextSteps(folder = '.'): string[] {
  const step = (command: string, what: string) => `  ${`npx cmtdet ${command}`.padEnd(52)}  ${what}`;
  const checkpoint = newestDetector(folder);
  return [
    'cmtdet finds objects in pictures: it learns from yours, and measures what it has learnt.',
    '',
    ...(isReady() ? [] : [step('setup', "first: TensorFlow's library is not here yet")]),
    ...(checkpoint === undefined
      ? [step('demo', 'the whole path in some minutes, on pictures made here')]
      : [step(`predict ${shellWord(checkpoint)} photos --out found`, 'what the newest detector here finds')]),
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

/** Of the best checkpoints below `runs/`, that of a detector that was written last. */
function newestDetector(folder: string): string | undefined {
  const runs = join(folder, 'runs');
  if (!existsSync(runs)) return undefined;
  const folders = readdirSync(runs, { withFileTypes: true }).filter((entry) => !entry.isFile());
  const dated = folders.flatMap(({ name }) => {
    const path = join('runs', name, 'best.safetensors');
    const status = statSync(join(folder, path), { throwIfNoEntry: false });
    return status?.isFile() ? [{ path, written: status.mtimeMs }] : [];
  });
  dated.sort((a, b) => b.written - a.written);
  return dated.find(({ path }) => isDetector(join(folder, path)))?.path;
}

/** A file that is damaged, or may not be read, is none. */
function isDetector(path: string): boolean {
  try {
    return isOurDetector(path);
  } catch (error) {
    if (isForPeople(error)) return false;
    throw error;
  }
}
