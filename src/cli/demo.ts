/** `cmtdet demo`: the whole path, from no data to pictures with boxes. */
import { resolve } from 'node:path';
import { UsageError } from '../errors.js';
import { shellWord } from '../formats/shellWord.js';
import { type DemoResult, demo, demoData } from '../run/demo.js';
import { duration, paint, print, printJson, table } from './console.js';
import { interruptible } from './interruptible.js';
import { LiveLine } from './liveLine.js';
import { trainObserver } from './trainObserver.js';

export interface DemoCommandOptions {
  /** Folder for all that the demo makes. */
  readonly out: string;
  /** Make the data set, and stop there. */
  readonly dataOnly?: boolean;
  /** Changes to the detector's config, as in `train`. */
  readonly set?: readonly string[];
  readonly json?: boolean;
}

export async function runDemo({ out, dataOnly, set, json }: DemoCommandOptions): Promise<void> {
  if (dataOnly && set !== undefined)
    throw new UsageError("--set changes the detector's config, and --data-only trains none: leave one of them out");
  const line = new LiveLine();
  const onProgress = (done: number, total: number, what: string) => line.update(`${done} of ${total} ${what}`);
  if (dataOnly) {
    const data = await demoData(out, { onProgress }).finally(() => line.clear());
    if (json) printJson(data);
    else print(`pictures and COCO json: ${resolve(out, 'data')}`);
    return;
  }
  const onPart = (part: number, parts: number, what: string) => line.keep(paint('bold', `[${part}/${parts}] ${what}`));
  const pretraining = trainObserver(['top1', 'top5']);
  const training = trainObserver(['AP', 'AP50', 'AP75']);
  const observer = { onProgress, onPart, pretraining, training };
  const result = await interruptible(({ signal, listen }) => {
    listen();
    return demo({ out, set, observer, signal });
  }).finally(() => {
    for (const { close } of [pretraining, training]) close();
    line.clear();
  });
  if (json) printJson({ top1: result.top1, ...result.stats, seconds: result.seconds, paths: result.paths });
  else describe(result);
}

function describe({ top1, stats, seconds, paths }: DemoResult): void {
  const rows = [['classifier, top-1', top1] as const, ...Object.entries(stats)];
  print(
    table(
      ['metric', 'val'],
      rows.map(([name, value]) => [name, value?.toFixed(3) ?? 'n/a']),
    ),
  );
  print(`done in ${duration(seconds)}`);
  print(`pictures with boxes: ${resolve(paths.predictions)}`);
  print(`detector:            ${resolve(paths.checkpoint)}`);
  print(`Next: cmtdet predict ${shellWord(paths.checkpoint)} YOUR_PICTURES --out found`);
}
