import type { EvalData } from './evalData.js';
import { type ImageBoxes, imagesOf } from './imageBoxes.js';
import { iouMatrix } from './iou.js';

export interface ConfusionOptions {
  /** Detections below it are left out. @default 0.25 */
  readonly scoreThreshold?: number;
  /** Least overlap of a match. @default 0.5 */
  readonly iou?: number;
}

/** How often objects of one category are taken for another. */
export interface ConfusionMatrix {
  /** In ascending id; the last row and column of `counts` are the background. */
  readonly categories: readonly { readonly id: number; readonly name: string }[];
  /**
   * [K + 1, K + 1] `counts[truth][found]`. Last column: objects that nothing matches (missed). Last row: detections that
   * match no object.
   */
  readonly counts: readonly (readonly number[])[];
  readonly scoreThreshold: number;
  readonly iou: number;
}

/**
 * Matches without regard to category: by falling overlap, each object and each detection once; of equal overlaps, a pair
 * of one category first, then the higher score. Detections that lie in a crowd region and match nothing are left out.
 *
 * @param data prepared with `useCats: false`
 */
export function confusionMatrix(data: EvalData, options: ConfusionOptions = {}): ConfusionMatrix {
  const { scoreThreshold = 0.25, iou = 0.5 } = options;
  const K = data.categories.length;
  const counts = Array.from({ length: K + 1 }, () => new Array<number>(K + 1).fill(0));
  for (const image of imagesOf(data, scoreThreshold)) {
    const { objects, crowds, detections, truthOf, foundOf } = matchImage(data, image, iou);
    for (const [g, truth] of objects.entries()) counts[truth]![foundOf[g]!]!++;
    for (const [d, found] of detections.entries()) if (truthOf[d] === K && !crowds[d]) counts[K]![found]!++;
  }
  return { categories: data.categories, counts, scoreThreshold, iou };
}

/** Categories of what matches what in one image; K where nothing does. */
function matchImage(data: EvalData, image: ImageBoxes, threshold: number) {
  const { groundTruth, detections } = data;
  const { ious } = iouMatrix(groundTruth, image.truth, image.G, detections.boxesXywh, image.rows);
  const K = data.categories.length;
  const counted = [...Array(image.G).keys()].filter((g) => groundTruth.crowd[image.truth + g] === 0);
  const objects = counted.map((g) => groundTruth.categories[image.truth + g]!);
  const found = Array.from(image.rows, (row) => detections.categories[row]!);
  const pairs = found.flatMap((category, d) =>
    counted.flatMap((g, object) => {
      const overlap = ious[d * image.G + g]!;
      return overlap >= threshold ? [{ d, object, overlap, same: category === objects[object] }] : [];
    }),
  );
  pairs.sort((a, b) => b.overlap - a.overlap || Number(b.same) - Number(a.same) || a.d - b.d);
  const truthOf = found.map(() => K);
  const foundOf = objects.map(() => K);
  for (const { d, object } of pairs) {
    if (truthOf[d] !== K || foundOf[object] !== K) continue;
    truthOf[d] = objects[object]!;
    foundOf[object] = found[d]!;
  }
  const crowds = found.map((_, d) =>
    [...Array(image.G).keys()].some((g) => groundTruth.crowd[image.truth + g] && ious[d * image.G + g]! >= threshold),
  );
  return { objects, crowds, detections: found, truthOf, foundOf };
}
