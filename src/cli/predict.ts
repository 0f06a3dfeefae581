/** `cmtdet predict`: pictures with boxes, and what was found in the forms of other programs. */
import { readFileSync } from 'node:fs';
import type { Repair } from '../data/repairs.js';
import { DatasetError, InterruptedError, UsageError } from '../errors.js';
import { decodeText } from '../formats/text.js';
import { type Predictions, predict } from '../run/predict.js';
import { type PredictionForm, predictionForms } from '../run/predictionFiles.js';
import { note, print, printJson, table, warn } from './console.js';
import { interruptible } from './interruptible.js';
import { LiveLine } from './liveLine.js';

export interface PredictCommandOptions {
  readonly out: string;
  readonly score: number;
  /** A file of paths, or `-` for standard input. */
  readonly list?: string;
  /** Names of `predictionForms`, and `pictures`. */
  readonly write?: readonly string[];
  /** Sides of tiles, in pixels. */
  readonly tile?: number;
  readonly overlap?: number;
  readonly fps?: number;
  readonly json?: boolean;
}

/**
 * @throws DatasetError at the end, listing the pictures that could not be read; the others are done by then
 * @throws InterruptedError when Ctrl-C ended it; what was found until then is written
 */
export async function runPredict(
  checkpoint: string,
  inputs: readonly string[],
  options: PredictCommandOptions,
): Promise<void> {
  const { out, score, fps, tile, overlap } = options;
  const all = [...inputs, ...(options.list === undefined ? [] : readList(options.list))];
  if (all.length === 0)
    throw new UsageError('there is nothing to look at: name pictures, folders or patterns, or give a --list of them');
  if (overlap !== undefined && tile === undefined) throw new UsageError('--overlap is of tiles: give --tile too');
  const { forms, draw } = whatToWrite(options.write ?? ['pictures', 'json']);
  const tiles = tile === undefined ? undefined : { side: tile, ...(overlap !== undefined && { overlap }) };
  const line = new LiveLine();
  const onProgress = (done: number, total: number, file: string) => line.update(`${done} of ${total}: ${file}`);
  const onRepair = (_: string, { message }: Repair) => warn(message);
  const observer = { onProgress, onRepair };
  const { predictions, isStopped } = await interruptible(async ({ signal, listen }) => {
    listen();
    const settings = { checkpoint, inputs: all, out, score, draw, forms, tiles, fps, signal, observer };
    return { predictions: await predict(settings), isStopped: signal.aborted };
  }, 'stopping after this picture; once more to stop at once').finally(() => line.clear());
  report(predictions, options);
  const { pictures, skipped } = predictions;
  if (isStopped)
    throw new InterruptedError(`stopped after ${pictures.length} pictures; what was found in them is written`);
  if (skipped.length > 0) {
    const problems = skipped.map(({ file, reason }) => ({ at: file, message: reason }));
    throw new DatasetError('pictures', problems, `The other ${pictures.length} are done.`);
  }
}

/** A path a line, or with a zero byte after each, as of `find -print0`. */
function readList(file: string): string[] {
  const text = decodeText(readFileSync(file === '-' ? 0 : file)); // a pipe too, as of <(find ...)
  const paths = text.includes('\0') ? text.split('\0') : text.split(/\r?\n/);
  return paths.filter((path) => path !== '');
}

function whatToWrite(names: readonly string[]): { forms: PredictionForm[]; draw: boolean } {
  const known = ['pictures', ...predictionForms];
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new UsageError(`--write ${unknown.join(',')}: expected some of ${known.join(', ')}`);
  return { forms: predictionForms.filter((form) => names.includes(form)), draw: names.includes('pictures') };
}

function report({ pictures, seconds }: Predictions, { out, score, json }: PredictCommandOptions): void {
  if (json) {
    printJson(pictures);
    return;
  }
  const counts = new Map<string, number>();
  for (const { label } of pictures.flatMap(({ detections }) => detections))
    counts.set(label, (counts.get(label) ?? 0) + 1);
  if (counts.size > 0)
    print(
      table(
        ['class', 'found'],
        [...counts].sort(([, a], [, b]) => b - a),
      ),
    );
  else print(`nothing of score ${score} or more; --score takes a lower one`);
  note(`written to ${out}`);
  const { all, network } = seconds;
  const count = pictures.length;
  if (count > 0)
    note(
      `${count} pictures in ${all.toFixed(1)} s: ${(count / all).toFixed(1)} a second; the network took ${((1000 * network) / count).toFixed(0)} ms of each`,
    );
}
