/** Runs a classifier over a data set and counts what it gets right. */
import type { EvaluationLoader } from '../data/classification/evaluationLoader.js';
import { rgbChannels } from '../data/image/image.js';
import { countTop } from '../eval/topK.js';
import type { Classifier } from './classifier.js';

/** Numbers of pictures: in all, and those whose label is the best guess, or among the best five. */
export interface Correct {
  readonly count: number;
  readonly top1: number;
  readonly top5: number;
}

/** Shares of pictures, 0 … 1; null where there was none. */
export interface Accuracy {
  readonly top1: number | null;
  readonly top5: number | null;
}

/** @param onProgress after each batch: pictures done */
export async function countCorrect(
  classifier: Classifier,
  loader: EvaluationLoader,
  onProgress: (done: number) => void = () => {},
): Promise<Correct> {
  let [count, top1, top5] = [0, 0, 0];
  for await (const { images, batchSize, size, labels, distinct } of loader.batches()) {
    const { data } = await classifier.pixelLogits(images, [batchSize, size, size, rgbChannels]);
    const correct = countTop(data, labels, distinct);
    top1 += correct.top1;
    top5 += correct.top5;
    count += distinct;
    onProgress(count);
  }
  return { count, top1, top5 };
}

/** What several measurements of parts of a data set amount to. */
export function accuracyOf(parts: readonly Correct[]): Accuracy {
  const sum = (key: keyof Correct) => parts.reduce((total, part) => total + part[key], 0);
  const count = sum('count');
  return { top1: count ? sum('top1') / count : null, top5: count ? sum('top5') / count : null };
}
