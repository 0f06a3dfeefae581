import type { EvalData } from './evalData.js';
import { sortByFallingScore } from './scoreOrder.js';

/** One image of data that was prepared with `useCats: false`: its objects, and its detections by falling score. */
export interface ImageBoxes {
  /** Row of the first object, and how many there are. */
  readonly truth: number;
  readonly G: number;
  /** [D] Rows of the detections. */
  readonly rows: Int32Array;
}

/** Every image that has an object or a detection. */
export function* imagesOf({ groundTruth, detections }: EvalData, scoreThreshold: number): Generator<ImageBoxes> {
  const truths = groundTruth.images.length;
  const found = detections.images.length;
  let truth = 0;
  let first = 0;
  while (truth < truths || first < found) {
    const image = Math.min(groundTruth.images[truth] ?? Infinity, detections.images[first] ?? Infinity);
    const start = truth;
    let next = first;
    while (truth < truths && groundTruth.images[truth] === image) truth++;
    while (next < found && detections.images[next] === image) next++;
    const all = Int32Array.from({ length: next - first }, (_, i) => first + i);
    const rows = all.filter((row) => detections.scores[row]! >= scoreThreshold);
    sortByFallingScore(rows, 0, rows.length, detections.scores, new Int32Array(rows.length));
    yield { truth: start, G: truth - start, rows };
    first = next;
  }
}
