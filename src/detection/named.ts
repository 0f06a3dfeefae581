/** Detections as those who use a detector get them: with the names of their categories. */
import type { Detections } from './postprocess.js';

/** One object found. */
export interface Detection {
  /** Name of the category. */
  readonly label: string;
  /** Id of the category in the annotations that the detector learnt from. */
  readonly categoryId: number;
  /** 0 … 1 */
  readonly score: number;
  /** Corners in pixels of the upright picture, inside it. */
  readonly box: readonly [x1: number, y1: number, x2: number, y2: number];
}

/** An object for each detection, in their order. @param categories in the order of labels */
export function named(
  { boxes, scores, labels }: Detections,
  categories: readonly { readonly id: number; readonly name: string }[],
): Detection[] {
  return Array.from(scores, (score, i) => {
    const { id, name } = categories[labels[i]!]!;
    const [x1, y1, x2, y2] = boxes.subarray(4 * i, 4 * i + 4);
    return { label: name, categoryId: id, score, box: [x1!, y1!, x2!, y2!] };
  });
}
