import type { RunFolder } from '../train/runFolder.js';
import type { DataEvents } from '../train/task.js';
import { warn } from './console.js';
import { lookingLine } from './lookingLine.js';

/** Collects what is skipped before there is a run folder, and then lists it there: each picture once, also over resumed runs. */
export class SkippedPictures implements DataEvents {
  readonly #lines = new Set<string>();
  #run: RunFolder | undefined;
  readonly onWarning = warn;
  readonly onLooked = lookingLine();

  readonly onSkipped = ({ file, reason }: { readonly file: string; readonly reason: string }): void => {
    warn(`skipped ${file}: ${reason}`);
    const line = `${file}\t${reason}`;
    if (this.#lines.has(line)) return;
    this.#lines.add(line);
    this.#run?.list(listName, line);
  };

  listIn(run: RunFolder): void {
    this.#run = run;
    const listed = run.lines(listName);
    for (const line of this.#lines) if (!listed.includes(line)) run.list(listName, line);
    for (const line of listed) this.#lines.add(line);
  }
}

const listName = 'skipped.txt';
