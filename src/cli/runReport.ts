/** `cmtdet report`: a run as one page. */
import { report } from '../run/report.js';
import { note, print, printJson, warn } from './console.js';
import { dataObserver } from './dataObserver.js';
import { LiveLine } from './liveLine.js';

export interface ReportCommandOptions {
  readonly out?: string;
  /** false: from the logs alone. */
  readonly measure?: boolean;
  readonly pictures?: number;
  readonly json?: boolean;
}

export async function runReport(run: string, { json, ...options }: ReportCommandOptions): Promise<void> {
  const line = new LiveLine();
  const onProgress = (done: number, total: number) => line.update(`${done} of ${total} pictures`);
  const observer = { ...dataObserver(), onProgress };
  const { file, bytes, missing } = await report({ run, ...options, observer }).finally(() => line.clear());
  if (json) {
    printJson({ file, bytes, missing });
    return;
  }
  for (const sentence of missing) warn(sentence);
  print(file);
  note(`${(bytes / 1e6).toFixed(1)} MB, to be opened in any browser`);
}
