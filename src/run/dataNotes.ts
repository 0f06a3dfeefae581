import type { Repair } from '../data/repairs.js';
import { type RunFolder, skippedFile as skippedList } from '../train/runFolder.js';
import type { DataEvents } from '../train/task.js';

/**
 * Passes on what is odd about data, and collects it for the run folder: pictures that are skipped, each once, also over resumed runs;
 * and what was mended, with every place.
 */
export class DataNotes implements DataEvents {
  readonly #skipped = new Set<string>();
  readonly #repairs: { readonly source: string; readonly repair: Repair }[] = [];
  readonly #observer: DataEvents;
  #run: RunFolder | undefined;
  readonly onWarning: DataEvents['onWarning'];
  readonly onLooked: DataEvents['onLooked'];

  /** @param observer is told of each skipped picture, and of each kind of what was mended once */
  constructor(observer: DataEvents) {
    this.#observer = observer;
    this.onWarning = observer.onWarning;
    this.onLooked = observer.onLooked;
  }

  readonly onSkipped: DataEvents['onSkipped'] = (picture) => {
    this.#observer.onSkipped(picture);
    const line = `${picture.file}\t${picture.reason}`;
    if (this.#skipped.has(line)) return;
    this.#skipped.add(line);
    this.#run?.list(skippedList, line);
  };

  readonly onRepair: DataEvents['onRepair'] = (source, repair) => {
    const told = this.#repairs.some((other) => other.source === source && other.repair.message === repair.message);
    if (told) return; // val may be the file of train
    this.#observer.onRepair(source, repair);
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

const repairsList = 'repairs.txt';
