/** `cmtdet predict`: pictures with boxes, and what was found as json. */
import type { Repair } from '../data/repairs.js';
import { DatasetError } from '../errors.js';
import { type Prediction, predict } from '../run/predict.js';
import { note, print, printJson, table, warn } from './console.js';
import { LiveLine } from './liveLine.js';

export interface PredictCommandOptions {
  readonly out: string;
  readonly score: number;
  readonly json?: boolean;
}

/** @throws DatasetError at the end, listing the pictures that could not be read; the others are done by then */
export async function runPredict(
  checkpoint: string,
  inputs: readonly string[],
  options: PredictCommandOptions,
): Promise<void> {
  const { out, score } = options;
  const line = new LiveLine();
  const onProgress = (done: number, total: number, file: string) => line.update(`${done + 1} of ${total}: ${file}`);
  const onRepair = (_: string, { message }: Repair) => warn(message);
  const observer = { onProgress, onRepair };
  const { pictures, skipped } = await predict({ checkpoint, inputs, out, score, observer }).finally(() => line.clear());
  report(pictures, options);
  if (skipped.length > 0) {
    const problems = skipped.map(({ file, reason }) => ({ at: file, message: reason }));
    throw new DatasetError('pictures', problems, `The other ${pictures.length} are done.`);
  }
}

function report(predictions: readonly Prediction[], { out, score, json }: PredictCommandOptions): void {
  if (json) {
    printJson(predictions);
    return;
  }
  const counts = new Map<string, number>();
  for (const { label } of predictions.flatMap(({ detections }) => detections))
    counts.set(label, (counts.get(label) ?? 0) + 1);
  if (counts.size > 0)
    print(
      table(
        ['class', 'found'],
        [...counts].sort(([, a], [, b]) => b - a),
      ),
    );
  else print(`nothing of score ${score} or more; --score takes a lower one`);
  note(`${predictions.length} pictures and detections.json in ${out}`);
}
