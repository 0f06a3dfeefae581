/** The report at the end of a training run. */
import { CmtdetError, InterruptedError } from '../errors.js';
import type { TrainedRun, TrainingOptions } from './training.js';

/**
 * Writes the report of a run that has come to its end. What goes wrong with it is told and spoils nothing: the run is done.
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
  try {
    const { file } = await report({ run: trained.run, observer: { onProgress } });
    return { ...trained, report: file };
  } catch (error) {
    if (!(error instanceof CmtdetError) && (error as NodeJS.ErrnoException).code === undefined) throw error;
    observer.onWarning?.(`no report was written: ${(error as Error).message}`);
    return trained;
  }
}
