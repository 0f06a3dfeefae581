/** Runs a detector over a data set and measures it. */
import { type DetectionColumns, DetectionColumnsBuilder } from '../data/coco/detectionColumns.js';
import type { DetectionRecord } from '../data/detection/dataset.js';
import type { DetectionLoader } from '../data/detection/loader.js';
import type { Detections } from '../detection/postprocess.js';
import { mergeViews, type View, type ViewDetections } from '../detection/views.js';
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
  for await (const batch of detectBatches(detector, loader)) {
    for (const { record, found } of batch) addDetections(builder, detector, record, found);
    done += batch.length;
    onProgress(done);
  }
  return builder.columns();
}

/**
 * Detections of a whole data set from several views of each picture, in the order in which the first view has the pictures.
 *
 * @param openLoader of a view's pictures; closed here
 * @param onProgress after each batch: views of pictures done
 */
export async function detectAllInViews(
  detector: Detector,
  views: readonly View[],
  openLoader: (view: View) => DetectionLoader,
  onProgress: (done: number) => void = () => {},
): Promise<DetectionColumns> {
  const pictures = new Map<DetectionRecord, ViewDetections[]>();
  let done = 0;
  for (const view of views) {
    const loader = openLoader(view);
    try {
      for await (const batch of detectBatches(detector, loader)) {
        for (const { record, found } of batch) pictures.set(record, [...(pictures.get(record) ?? []), { view, found }]);
        done += batch.length;
        onProgress(done);
      }
    } finally {
      await loader.close();
    }
  }
  const builder = new DetectionColumnsBuilder();
  for (const [record, seen] of pictures)
    addDetections(builder, detector, record, mergeViews(seen, record, detector.description.inference));
  return builder.columns();
}

/** What is in each picture, batch by batch. */
async function* detectBatches(
  detector: Detector,
  loader: DetectionLoader,
): AsyncGenerator<{ record: DetectionRecord; found: Detections }[]> {
  for await (const batch of loader.epoch(0)) {
    const records = batch.records.slice(0, batch.distinct);
    const results = await detector.detectBatch(batch, records);
    yield results.map((found, i) => ({ record: records[i]!, found }));
  }
}

/** Adds what was found in a picture: labels become the categories' ids. */
export function addDetections(
  builder: DetectionColumnsBuilder,
  { categories }: Detector,
  { imageId }: DetectionRecord,
  { boxes, scores, labels }: Detections,
): void {
  for (const [d, score] of scores.entries()) {
    const { id } = categories[labels[d]!]!;
    builder.addXyxy(imageId, id, boxes[4 * d]!, boxes[4 * d + 1]!, boxes[4 * d + 2]!, boxes[4 * d + 3]!, score);
  }
}
