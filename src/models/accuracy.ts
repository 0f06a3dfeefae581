/** Runs a classifier over a data set and counts what it gets right. */

import type { EvaluationLoader } from '../data/classification/evaluationLoader.js';
import { rgbChannels } from '../data/image/image.js';
import { countTop } from '../eval/topK.js';
import type { Classifier } from './classifier.js';

/** Shares of pictures, 0 … 1; null where there was none. */
export interface Accuracy {
  readonly top1: number | null;
  readonly top5: number | null;
}

/** @param onProgress after each batch: pictures done */
export async function accuracyOf(
  classifier: Classifier,
  loader: EvaluationLoader,
  onProgress: (done: number) => void = () => {},
): Promise<Accuracy> {
  let [count, top1, top5] = [0, 0, 0];
  for await (const { images, batchSize, size, labels, distinct } of loader.batches()) {
    const { data } = await classifier.pixelLogits(images, [batchSize, size, size, rgbChannels]);
    const correct = countTop(data, labels, distinct);
    top1 += correct.top1;
    top5 += correct.top5;
    count += distinct;
    onProgress(count);
  }
  return { top1: count ? top1 / count : null, top5: count ? top5 / count : null };
}
