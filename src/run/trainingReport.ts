/** The report at the end of a training run. */
import { InterruptedError } from '../errors.js';
import { afterTraining } from './afterTraining.js';
import type { TrainedRun, TrainingOptions } from './training.js';

/**
 * Writes the report of a run that has come to its end.
 *
 * @returns the run, with the path of its report where there is one
 */
export async function withReport(
  trained: TrainedRun,
  isWanted: boolean,
  { observer = {}, signal }: Pick<TrainingOptions, 'observer' | 'signal'>,
): Promise<TrainedRun> {
  if (!isWanted || trained.run === '' || signal?.aborted) return trained;
  const { report } = await import('./report.js');
  const onProgress = (done: number, total: number) => {
    if (signal?.aborted) throw new InterruptedError('the report was not finished; "cmtdet report" writes it');
    observer.onEvaluating?.(done, total);
  };
  const written = await afterTraining('no report was written', observer.onWarning, () =>
    report({ run: trained.run, observer: { onProgress } }),
  );
  return written === undefined ? trained : { ...trained, report: written.file };
}
