/** What `train` and `pretrain` have in common: options, and the report. */
import type { TrainedRun, TrainingOptions } from '../run/training.js';
import { note, print, printJson, table } from './console.js';
import { dataObserver } from './dataObserver.js';
import { interruptible, trainObserver } from './trainObserver.js';

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

function report({ run, checkpoint, last, metrics }: TrainedRun, json: boolean): void {
  if (json) {
    printJson({ run, ...metrics });
    return;
  }
  const rows = Object.entries(metrics).map(([name, value]) => [name, value?.toFixed(4) ?? 'n/a']);
  if (rows.length > 0) print(table(['metric', 'val'], rows));
  print(`checkpoints: ${[...new Set([last, checkpoint])].join(', ')}`);
}
