/** What `train` and `pretrain` have in common: options, and the report. */
import type { TrainedRun, TrainingOptions } from '../run/training.js';
import { note, print, printJson, table } from './console.js';
import { dataObserver } from './dataObserver.js';
import { interruptible } from './interruptible.js';
import { trainObserver } from './trainObserver.js';

export interface TrainCommandOptions {
  readonly set?: readonly string[];
  readonly run?: string;
  readonly resume?: boolean;
  readonly acceptChanges?: boolean;
  /** Time that this call has. */
  readonly minutes?: number;
  readonly json?: boolean;
}

/**
 * Shows a training run to a person, and reports what it ended with.
 *
 * @param headline names of the metrics that are shown as training goes on
 */
export async function showTraining(
  headline: readonly string[],
  { run, resume, acceptChanges, minutes, json = false }: TrainCommandOptions,
  training: (options: TrainingOptions) => Promise<TrainedRun>,
): Promise<void> {
  const shown = trainObserver(headline);
  const trained = await interruptible(({ signal, listen }) => {
    const observer = { ...dataObserver(), ...shown, onFact: note, onBegin: listen };
    return training({ run, resume, acceptChanges, minutes, observer, signal });
  }).finally(() => shown.close());
  if (trained.run !== '') report(trained, json);
}

function report({ run, checkpoint, last, metrics, precise, report }: TrainedRun, json: boolean): void {
  if (json) {
    printJson({ run, ...(report !== undefined && { report }), ...metrics, ...(precise && { precise }) });
    return;
  }
  const show = (value: number | null | undefined) => value?.toFixed(4) ?? 'n/a';
  const columns = [metrics, ...(precise ? [precise.metrics] : [])];
  const rows = Object.keys(metrics).map((name) => [name, ...columns.map((column) => show(column[name]))]);
  const head = ['metric', 'val', ...(precise ? ['with precise statistics'] : [])];
  if (rows.length > 0) print(table(head, rows));
  const checkpoints = [last, checkpoint, ...(precise ? [precise.checkpoint] : [])];
  print(`checkpoints: ${[...new Set(checkpoints)].join(', ')}`);
  if (report !== undefined) print(`report: ${report}`);
}
