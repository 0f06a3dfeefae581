/** The folder of one run: what it was told, what it measured, what it learnt. */
import {
  appendFileSync,
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { formatConfig } from '../config/load.js';
import type { Config } from '../config/schema.js';
import { ConfigError, UsageError } from '../errors.js';
import type { ScoreCounts } from '../eval/scoreCounts.js';
import { removeTemporaries, writeAtomically } from '../formats/atomic.js';
import { makeFolder } from '../formats/makeFolder.js';
import { addingTo } from '../formats/writeWhole.js';
import { EventFile, type EventPicture } from './eventFile.js';
import { type LogRecord, MetricsLog } from './metricsLog.js';
import { RunLock } from './runLock.js';

export class RunFolder {
  readonly metrics: MetricsLog;
  /** What was found in the folder that a person may want to know. */
  readonly notes: readonly string[];
  readonly #lock: RunLock;
  readonly #events: EventFile;

  private constructor(readonly path: string) {
    this.#lock = new RunLock(join(path, files.lock));
    this.#events = new EventFile(path);
    this.metrics = new MetricsLog(join(path, files.metrics));
    const temporaries = removeTemporaries(path);
    this.notes = [
      ...(this.#lock.left ? [`${this.#lock.left} left this run folder without an end; it is taken over`] : []),
      ...(temporaries > 0 ? [`${temporaries} half-written files of killed processes were removed`] : []),
    ];
  }

  /**
   * Begins a run in a new folder, or in `path` where that is given and nothing has been learnt there yet.
   *
   * @param configFile names the folder below `runs/` where `path` is left out
   * @throws UsageError when `path` holds a run, or another process works there
   */
  static async create(path: string | undefined, configFile: string, config: Config): Promise<RunFolder> {
    const folder = folderToBegin(path, configFile);
    make(folder);
    const run = new RunFolder(folder);
    await run.writeConfig(config);
    return run;
  }

  /**
   * Opens the folder of a run to go on with it, be it from the first step.
   *
   * @param path where it is left out, the newest run of `configFile` is meant
   * @throws UsageError when there is no run, or another process works there
   */
  static open(path: string | undefined, configFile: string): RunFolder {
    return new RunFolder(folderToGoOnIn(path, configFile));
  }

  /** Refuses at once what {@link create}, or {@link open}, will refuse: there may be much to read before they are called. @throws UsageError */
  static check(path: string | undefined, configFile: string, resume: boolean): void {
    if (resume) folderToGoOnIn(path, configFile);
    else folderToBegin(path, configFile);
  }

  get config(): string {
    return join(this.path, files.config);
  }

  /** Everything that a resumed run needs. */
  get state(): string {
    return join(this.path, files.state);
  }

  /** The state before that one, for the case that it is damaged, or of weights that are spoilt. */
  get previousState(): string {
    return join(this.path, files.previousState);
  }

  /** Weights as they were last saved, and as they measured best: checkpoints to evaluate and predict with. */
  get last(): string {
    return join(this.path, files.last);
  }

  get best(): string {
    return join(this.path, files.best);
  }

  /** The last weights with statistics of batch normalisation that were estimated anew. */
  get precise(): string {
    return join(this.path, files.precise);
  }

  /** Weights after an epoch, which is counted from 1. */
  kept(epoch: number): string {
    return join(this.path, `epoch-${String(epoch).padStart(4, '0')}.safetensors`);
  }

  /** The checkpoints that {@link kept} names, oldest first. */
  get allKept(): string[] {
    const names = readdirSync(this.path).filter((name) => /^epoch-\d+\.safetensors$/.test(name));
    return names.sort().map((name) => join(this.path, name));
  }

  /** Says what the run is told from now on. */
  async writeConfig(config: Config): Promise<void> {
    await writeAtomically(this.config, (file) => file.writeFile(formatConfig(config)));
  }

  /** Appends a line to metrics.jsonl, and its numbers to the event file under `kind/name`. */
  log(kind: string, step: number, record: LogRecord): void {
    this.metrics.add(kind, step, record);
    const numbers = Object.entries(record).filter((entry): entry is [string, number] => typeof entry[1] === 'number');
    this.#events.scalars(step, Object.fromEntries(numbers.map(([name, value]) => [`${kind}/${name}`, value])));
  }

  /** Adds to the event file how the weights are distributed, under `weights/name`. */
  histograms(step: number, weights: ReadonlyMap<string, Float32Array>): void {
    this.#events.histograms(
      step,
      [...weights].map(([name, values]) => [`weights/${name}`, values] as const),
    );
  }

  /** Adds pictures to the event file, under `examples/name`. */
  examples(step: number, pictures: ReadonlyMap<string, EventPicture>): void {
    this.#events.pictures(
      step,
      [...pictures].map(([name, picture]) => [`examples/${name}`, picture] as const),
    );
  }

  /** Adds precision by recall to the event file, under `precision_recall/name`. */
  curves(step: number, curves: readonly ScoreCounts[]): void {
    this.#events.curves(
      step,
      curves.map((counts) => [`precision_recall/${counts.name}`, counts] as const),
    );
  }

  /** Takes out of all logs what was measured after a step that a resumed run begins with; and at it, where it is to be measured again. */
  cutLogs(step: number, isMeasured: boolean): void {
    this.metrics.cutTo(step, isMeasured);
    this.#events.restart(step);
  }

  /** Appends a line to a list of the run, such as the pictures that were skipped; a line that was cut off stays one by itself. */
  list(name: string, line: string): void {
    const path = join(this.path, name);
    addingTo(path, () => appendFileSync(path, `${endsWithin(path) ? '\n' : ''}${line}\n`));
  }

  /** Replaces a list; leaves no file where there are no lines. */
  rewrite(name: string, lines: Iterable<string>): void {
    const path = join(this.path, name);
    rmSync(path, { force: true });
    let waiting: string[] = [];
    const flush = () => {
      if (waiting.length > 0) addingTo(path, () => appendFileSync(path, `${waiting.join('\n')}\n`));
      waiting = [];
    };
    for (const line of lines) if (waiting.push(line) === linesAtOnce) flush();
    flush();
  }

  /** The lines of a list; none where there is no such list yet. */
  lines(name: string): string[] {
    const path = join(this.path, name);
    return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [];
  }

  close(): void {
    this.#events.close();
    this.#lock.release();
  }
}

/** Whether the last line of a file was cut off, as by a full disk. */
function endsWithin(path: string): boolean {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size === 0) return false;
  const file = openSync(path, 'r');
  try {
    const last = Buffer.alloc(1);
    readSync(file, last, 0, 1, size - 1);
    return last.toString() !== '\n';
  } finally {
    closeSync(file);
  }
}

/** Lines of a list that are written together: a file may have a million. */
const linesAtOnce = 10_000;

const files = {
  config: 'config.yaml',
  lock: 'run.lock',
  metrics: 'metrics.jsonl',
  state: 'state.safetensors',
  previousState: 'state.previous.safetensors',
  last: 'last.safetensors',
  best: 'best.safetensors',
  precise: 'precise.safetensors',
} as const;

/** Steps that were not finite, and losses far above the others. */
export const incidentsFile = 'incidents.jsonl';
/** A line for each time that a process worked in the folder. */
export const historyFile = 'history.jsonl';
/** A line for each picture that training went on without. */
export const skippedFile = 'skipped.txt';

/**
 * Where a run that is only looked at has what it was told, its states, the newest first, its checkpoints, the best first, and its logs. It
 * may be going on.
 */
export function lookInto(path: string) {
  const at = (name: string) => join(path, name);
  return {
    config: at(files.config),
    states: [at(files.state), at(files.previousState)],
    checkpoints: [at(files.best), at(files.last)],
    incidents: at(incidentsFile),
    history: at(historyFile),
    skipped: at(skippedFile),
    metrics: at(files.metrics),
  };
}

/** Whether a run can go on in a folder: one state is enough, be it the previous one. */
export const hasState = (folder: string): boolean =>
  existsSync(join(folder, files.state)) || existsSync(join(folder, files.previousState));

/** Whether something has been learnt in a folder; one that a run was killed in before its first state holds none. */
const holdsRun = (folder: string): boolean =>
  hasState(folder) || existsSync(join(folder, files.last)) || existsSync(join(folder, files.best));

function folderToBegin(path: string | undefined, configFile: string): string {
  const folder = path ?? freshFolder(defaultFolder(configFile));
  if (!holdsRun(folder)) return folder;
  throw new UsageError(
    `${folder} holds a run already: add --resume to go on with it, or choose another folder with --run`,
  );
}

function folderToGoOnIn(path: string | undefined, configFile: string): string {
  const folder = path ?? newestFolder(defaultFolder(configFile));
  const learnt = [files.last, files.best].filter((name) => existsSync(join(folder, name)));
  if (learnt.length > 0 && !hasState(folder)) {
    throw new UsageError(
      `${folder} has ${learnt.join(' and ')} and no ${files.state}: a run cannot go on without its state (--init-from takes the weights along to a new one)`,
    );
  }
  if (!existsSync(join(folder, files.config)) && !hasState(folder))
    throw new UsageError(`${folder} holds no run to resume: --run names another folder, or nothing was begun there`);
  return folder;
}

function make(folder: string): void {
  try {
    makeFolder(folder);
  } catch (error) {
    throw new ConfigError(folder, [
      { at: 'run folder', message: error instanceof Error ? error.message : String(error) },
    ]);
  }
}

const defaultFolder = (configFile: string): string => join('runs', basename(configFile, extname(configFile)));

/** `name`, or `name-2` and so on: the first that does not exist. */
function freshFolder(name: string): string {
  let folder = name;
  for (let n = 2; existsSync(folder); n++) folder = `${name}-${n}`;
  return folder;
}

/** Of `name`, `name-2` and so on, the one whose state, or else config, was written last. */
function newestFolder(name: string): string {
  const parent = dirname(name);
  const isOne = (entry: string) => entry === basename(name) || /^-\d+$/.test(entry.slice(basename(name).length));
  const folders = existsSync(parent)
    ? readdirSync(parent).filter((entry) => entry.startsWith(basename(name)) && isOne(entry))
    : [];
  const dated = folders.flatMap((entry) => {
    const written = [files.state, files.previousState, files.config]
      .map((file) => statSync(join(parent, entry, file), { throwIfNoEntry: false })?.mtimeMs)
      .find((time) => time !== undefined);
    return written === undefined ? [] : [{ folder: join(parent, entry), written }];
  });
  const newest = dated.sort((a, b) => b.written - a.written)[0];
  if (newest === undefined)
    throw new UsageError(`there is no run of this config below ${parent}: --run names the folder of another one`);
  return newest.folder;
}
