import type { Repair } from '../data/repairs.js';
import type { RunFolder } from '../train/runFolder.js';
import type { DataEvents } from '../train/task.js';
import { warn } from './console.js';
import { lookingLine } from './lookingLine.js';

/**
 * Tells what is odd about data, and collects it for the run folder: pictures that are skipped, each once, also over resumed runs; and
 * what was mended, with every place.
 */
export class DataNotes implements DataEvents {
  readonly #skipped = new Set<string>();
  readonly #repairs: { readonly source: string; readonly repair: Repair }[] = [];
  #run: RunFolder | undefined;
  readonly onWarning = warn;
  readonly onLooked = lookingLine();

  readonly onSkipped = ({ file, reason }: { readonly file: string; readonly reason: string }): void => {
    warn(`skipped ${file}: ${reason}`);
    const line = `${file}\t${reason}`;
    if (this.#skipped.has(line)) return;
    this.#skipped.add(line);
    this.#run?.list(skippedList, line);
  };

  readonly onRepair = (source: string, repair: Repair): void => {
    const told = this.#repairs.some((other) => other.source === source && other.repair.message === repair.message);
    if (told) return; // val may be the file of train
    warn(`${source}: ${repair.message}`);
    this.#repairs.push({ source, repair });
  };

  listIn(run: RunFolder): void {
    this.#run = run;
    const listed = run.lines(skippedList);
    for (const line of this.#skipped) if (!listed.includes(line)) run.list(skippedList, line);
    for (const line of listed) this.#skipped.add(line);
    run.rewrite(repairsList, this.#repairLines());
  }

  /** A line for each kind, then its places, indented. */
  *#repairLines(): Generator<string> {
    for (const { source, repair } of this.#repairs) {
      yield `${source}: ${repair.message}`;
      for (const place of repair.places) yield `\t${place}`;
    }
  }
}

const skippedList = 'skipped.txt';
const repairsList = 'repairs.txt';
