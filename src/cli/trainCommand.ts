/** What `pretrain` and `train` have in common: options, the run folder, the report. */
import { loadConfig } from '../config/load.js';
import type { Config } from '../config/schema.js';
import { findCard } from '../run/card.js';
import { chosenForTraining } from '../train/engineOptions.js';
import { train } from '../train/loop.js';
import { RunFolder } from '../train/runFolder.js';
import type { Metrics, Task } from '../train/task.js';
import type { Workers } from '../train/workers.js';
import { note, print, printJson, table } from './console.js';
import type { DataNotes } from './dataNotes.js';
import { interruptible, trainObserver } from './trainObserver.js';

export interface TrainCommandOptions {
  readonly set?: readonly string[];
  readonly run?: string;
  readonly resume?: boolean;
  readonly acceptChanges?: boolean;
  readonly json?: boolean;
}

/** What a run ended with. */
export interface Outcome {
  readonly run: string;
  readonly metrics: Metrics;
}

/** The config of a run, with the engine's settings decided for this machine; they are noted where there is a GPU. */
export async function trainingConfig(configFile: string, set: readonly string[] | undefined): Promise<Config> {
  const card = await findCard();
  const config = chosenForTraining(await loadConfig(configFile, set), card);
  const { mixedPrecision, xla } = config.engine;
  if (card !== null) note(`GPU: mixedPrecision ${mixedPrecision}, xla ${xla ? 'on' : 'off'}`);
  return config;
}

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
    notes,
    workers,
  }: {
    headline: readonly string[];
    prepare: () => readonly string[];
    notes: DataNotes;
    workers: Workers | undefined;
  },
): Promise<Outcome> {
  if (workers !== undefined && workers.index > 0) return followFirst(task, config, prepare, options, workers);
  const observer = trainObserver(headline);
  let run: RunFolder | undefined;
  try {
    const facts = prepare();
    const { resume = false, acceptChanges = false } = options;
    run = resume ? RunFolder.open(options.run, configFile) : await RunFolder.create(options.run, configFile, config);
    notes.listIn(run);
    note(`run folder ${run.path}`);
    for (const line of run.notes) note(line);
    for (const fact of facts) note(fact);
    await workers?.meet(); // those that have more to read are waited for
    const trainOptions = { config, run, resume, acceptChanges, observer, workers };
    const metrics = await interruptible((signal) => train(task, { ...trainOptions, signal }));
    await workers?.dispose();
    observer.close();
    report(metrics, run, options.json ?? false);
    return { run: run.path, metrics };
  } finally {
    observer.close();
    run?.close();
    await task.close();
  }
}

/** What all workers but the first do: they train along, and neither write nor show anything. */
async function followFirst<Batch>(
  task: Task<Batch> & { close(): Promise<void> },
  config: Config,
  prepare: () => readonly string[],
  { resume = false }: TrainCommandOptions,
  workers: Workers,
): Promise<Outcome> {
  try {
    prepare();
    await workers.meet();
    const silent = { onStep() {}, onEvaluating() {}, onEvaluated() {}, onWarning() {} };
    const trainOptions = { config, run: null, resume, observer: silent, workers };
    const metrics = await interruptible((signal) => train(task, { ...trainOptions, signal }));
    await workers.dispose();
    return { run: '', metrics };
  } finally {
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
