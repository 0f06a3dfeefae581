/** The folder of one run: what it was told, what it measured, what it learnt. */
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { formatConfig } from '../config/load.js';
import type { Config } from '../config/schema.js';
import { ConfigError, UsageError } from '../errors.js';
import { EventFile } from './eventFile.js';

/** What one line of metrics.jsonl holds: numbers and words by name. */
export type LogRecord = Readonly<Record<string, number | string | null>>;

export class RunFolder {
  readonly #events: EventFile;

  private constructor(readonly path: string) {
    this.#events = new EventFile(path);
  }

  /**
   * Begins a run in a new folder, or in `path` where that is given and holds no run yet.
   *
   * @param configFile names the folder below `runs/` where `path` is left out
   * @throws UsageError when `path` holds a run
   */
  static create(path: string | undefined, configFile: string, config: Config): RunFolder {
    const folder = path ?? freshFolder(join('runs', basename(configFile, extname(configFile))));
    if (existsSync(join(folder, files.state)) || existsSync(join(folder, files.config))) {
      throw new UsageError(
        `${folder} holds a run already: add --resume to go on with it, or choose another folder with --run`,
      );
    }
    make(folder);
    const run = new RunFolder(folder);
    writeFileSync(run.config, formatConfig(config));
    return run;
  }

  /** Opens the folder of a run to go on with it. @throws UsageError when there is nothing to go on with */
  static open(path: string): RunFolder {
    if (!existsSync(join(path, files.state))) {
      throw new UsageError(
        `${path} has no ${files.state} to resume from: the run had not saved anything, or --run names another folder`,
      );
    }
    return new RunFolder(path);
  }

  get config(): string {
    return join(this.path, files.config);
  }

  /** Everything that a resumed run needs. */
  get state(): string {
    return join(this.path, files.state);
  }

  /** Weights as they were last saved, and as they measured best: checkpoints to evaluate and predict with. */
  get last(): string {
    return join(this.path, 'last.safetensors');
  }

  get best(): string {
    return join(this.path, 'best.safetensors');
  }

  /** Appends a line to metrics.jsonl, and its numbers to the event file under `kind/name`. */
  log(kind: string, step: number, record: LogRecord): void {
    appendFileSync(join(this.path, 'metrics.jsonl'), `${JSON.stringify({ kind, step, ...record })}\n`);
    const numbers = Object.entries(record).filter((entry): entry is [string, number] => typeof entry[1] === 'number');
    this.#events.scalars(step, Object.fromEntries(numbers.map(([name, value]) => [`${kind}/${name}`, value])));
  }

  /** Appends a line to a list of the run, such as the pictures that were skipped. */
  list(name: string, line: string): void {
    appendFileSync(join(this.path, name), `${line}\n`);
  }

  /** Replaces a list; leaves no file where there are no lines. */
  rewrite(name: string, lines: Iterable<string>): void {
    const path = join(this.path, name);
    rmSync(path, { force: true });
    let waiting: string[] = [];
    const flush = () => {
      if (waiting.length > 0) appendFileSync(path, `${waiting.join('\n')}\n`);
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
  }
}

/** Lines of a list that are written together: a file may have a million. */
const linesAtOnce = 10_000;

const files = { config: 'config.yaml', state: 'state.safetensors' } as const;

function make(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new ConfigError(folder, [
      { at: 'run folder', message: error instanceof Error ? error.message : String(error) },
    ]);
  }
}

/** `name`, or `name-2` and so on: the first that does not exist. */
function freshFolder(name: string): string {
  let folder = name;
  for (let n = 2; existsSync(folder); n++) folder = `${name}-${n}`;
  return folder;
}
