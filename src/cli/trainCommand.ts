/** What `pretrain` and `train` have in common: options, the run folder, the report. */
import type { Config } from '../config/schema.js';
import { UsageError } from '../errors.js';
import { RunFolder } from '../train/runFolder.js';
import type { DataEvents, Metrics, Task } from '../train/task.js';
import { train } from '../train/train.js';
import { note, print, printJson, table, warn } from './console.js';
import { lookingLine } from './lookingLine.js';
import { interruptible, trainObserver } from './trainObserver.js';

export interface TrainCommandOptions {
  readonly set?: readonly string[];
  readonly run?: string;
  readonly resume?: boolean;
  readonly json?: boolean;
}

/** What a run ended with. */
export interface Outcome {
  readonly run: string;
  readonly metrics: Metrics;
}

/** @throws UsageError for options that make no sense together */
export function checkTrainOptions({ resume, run }: TrainCommandOptions): void {
  if (resume && run === undefined) throw new UsageError('--resume needs --run: the folder of the run to go on with');
}

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

/**
 * Runs a task to its end and reports.
 *
 * @param headline names of the metrics that are shown as training goes on
 * @param prepare finishes the model, and gives facts about it and the data, a line each
 */
export async function runTask<Batch>(
  task: Task<Batch> & { close(): Promise<void> },
  config: Config,
  configFile: string,
  options: TrainCommandOptions,
  {
    headline,
    prepare,
    skipped,
  }: { headline: readonly string[]; prepare: () => readonly string[]; skipped: SkippedPictures },
): Promise<Outcome> {
  const observer = trainObserver(headline);
  let run: RunFolder | undefined;
  try {
    const facts = prepare();
    const resume = options.resume ?? false;
    run = resume ? RunFolder.open(options.run!) : RunFolder.create(options.run, configFile, config);
    skipped.listIn(run);
    note(`run folder ${run.path}`);
    for (const fact of facts) note(fact);
    const trainOptions = { config, run, resume, observer };
    const metrics = await interruptible((signal) => train(task, { ...trainOptions, signal }));
    observer.close();
    report(metrics, run, options.json ?? false);
    return { run: run.path, metrics };
  } finally {
    observer.close();
    run?.close();
    await task.close();
  }
}

function report(metrics: Metrics, run: RunFolder, json: boolean): void {
  if (json) {
    printJson({ run: run.path, ...metrics });
    return;
  }
  const rows = Object.entries(metrics).map(([name, value]) => [name, value?.toFixed(4) ?? 'n/a']);
  if (rows.length > 0) print(table(['metric', 'val'], rows));
  print(`checkpoints: ${run.last}${rows.length > 0 ? `, ${run.best}` : ''}`);
}
