/** `cmtdet precise-bn`: statistics of batch normalisation estimated anew. */
import { loadConfig } from '../config/load.js';
import { configBeside, preciseBn } from '../run/preciseBn.js';
import { print, printJson, table } from './console.js';
import { dataObserver } from './dataObserver.js';
import { LiveLine } from './liveLine.js';

export interface PreciseBnCommandOptions {
  readonly out: string;
  readonly config?: string;
  readonly batches: number;
  readonly set?: readonly string[];
  readonly json?: boolean;
}

export async function runPreciseBn(checkpoint: string, options: PreciseBnCommandOptions): Promise<void> {
  const { out, batches, json } = options;
  const config = await loadConfig(options.config ?? configBeside(checkpoint), options.set);
  const line = new LiveLine();
  const onProgress = (done: number, total: number, what: string) => line.update(`${done} of ${total} ${what}`);
  const observer = { ...dataObserver(), onProgress };
  const { before, after } = await preciseBn({ checkpoint, config, out, batches, observer }).finally(() => line.clear());
  if (json) {
    printJson({ out, before, after });
    return;
  }
  const show = (value: number | null | undefined) => value?.toFixed(4) ?? 'n/a';
  const rows = Object.keys(after).map((name) => [name, show(before[name]), show(after[name])]);
  if (rows.length > 0) print(table(['metric', 'before', 'after'], rows));
  print(`written: ${out}`);
}
