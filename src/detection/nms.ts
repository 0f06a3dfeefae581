import { iou } from '../geometry/boxes.js';

export interface NmsOptions {
  /** Of two boxes of one class that overlap by more than this, the one with the lower score goes. */
  readonly nmsIou: number;
  /** Boxes that stay, over all classes. */
  readonly maxDetections: number;
}

/**
 * Greedy suppression within each class: [N] indices of the boxes that stay, best score first.
 *
 * Of equal scores the earlier box wins, and an overlap of exactly `nmsIou` is let through: torchvision's rule. Classes are
 * told apart by label; references that instead move the boxes of each class to a place of its own lose digits of the overlap.
 *
 * @param boxes [N, 4] xyxy
 * @param scores [N]
 * @param labels [N]
 */
export function classwiseNms(
  boxes: Float32Array,
  scores: Float32Array,
  labels: Int32Array,
  { nmsIou, maxDetections }: NmsOptions,
): number[] {
  const order = Array.from(scores, (_, i) => i).sort((i, j) => scores[j]! - scores[i]!); // sort() keeps the order of equals
  const threshold = Math.fround(nmsIou);
  const kept: number[] = [];
  // Only a kept box suppresses, and it has a higher score: so going down the scores, one may stop at maxDetections.
  for (const i of order) {
    if (kept.length >= maxDetections) break;
    const suppressed = kept.some((j) => labels[j] === labels[i] && iou(boxes, j, boxes, i) > threshold);
    if (!suppressed) kept.push(i);
  }
  return kept;
}
