/** Runs a detector over a data set and measures it. */
import { type DetectionColumns, DetectionColumnsBuilder } from '../data/coco/detectionColumns.js';
import type { DetectionLoader } from '../data/detection/loader.js';
import type { Detector } from './detector.js';

/**
 * Detections of a whole data set, in the order of its pictures.
 *
 * @param loader of pictures as they are, in their order
 * @param onProgress after each batch: pictures done
 */
export async function detectAll(
  detector: Detector,
  loader: DetectionLoader,
  onProgress: (done: number) => void = () => {},
): Promise<DetectionColumns> {
  const builder = new DetectionColumnsBuilder();
  let done = 0;
  for await (const batch of loader.epoch(0)) {
    const records = batch.records.slice(0, batch.distinct);
    for (const [i, { boxes, scores, labels }] of (await detector.detectBatch(batch, records)).entries()) {
      const { imageId } = records[i]!;
      for (const [d, score] of scores.entries()) {
        const { id } = detector.categories[labels[d]!]!;
        builder.addXyxy(imageId, id, boxes[4 * d]!, boxes[4 * d + 1]!, boxes[4 * d + 2]!, boxes[4 * d + 3]!, score);
      }
    }
    done += records.length;
    onProgress(done);
  }
  return builder.columns();
}
