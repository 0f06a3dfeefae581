import type { GroundTruthBoxes } from './evalData.js';

/**
 * Overlap of D detections with the G objects of an image: intersection / union, or intersection / area of the detection
 * where the object is a crowd region. Written in the order of operations of COCO's `bbIou`, which decides the last bit.
 *
 * @param first row of the image's first object
 * @param boxesXywh [N, 4] all detections
 * @param rows [D] which of them
 * @returns ious [D, G], and best [D], the largest of each detection
 */
export function iouMatrix(
  groundTruth: GroundTruthBoxes,
  first: number,
  G: number,
  boxesXywh: Float64Array,
  rows: Int32Array,
): { ious: Float64Array; best: Float64Array } {
  const D = rows.length;
  const ious = new Float64Array(D * G);
  const best = new Float64Array(D);
  const { boxesXywh: objects, crowd } = groundTruth;
  for (let d = 0; d < D; d++) {
    const box = 4 * rows[d]!;
    const dx = boxesXywh[box]!;
    const dy = boxesXywh[box + 1]!;
    const dw = boxesXywh[box + 2]!;
    const dh = boxesXywh[box + 3]!;
    const detectionArea = dw * dh;
    for (let g = 0; g < G; g++) {
      const object = 4 * (first + g);
      const gx = objects[object]!;
      const gw = objects[object + 2]!;
      const width = Math.min(dw + dx, gw + gx) - Math.max(dx, gx);
      if (width <= 0) continue;
      const gy = objects[object + 1]!;
      const gh = objects[object + 3]!;
      const height = Math.min(dh + dy, gh + gy) - Math.max(dy, gy);
      if (height <= 0) continue;
      const intersection = width * height;
      const union = crowd[first + g] ? detectionArea : detectionArea + gw * gh - intersection;
      const iou = intersection / union;
      ious[d * G + g] = iou;
      // Not a number (0 / 0, where sides of 1e-200 px vanish) compares as reached, as it does in C.
      if (!(iou <= best[d]!)) best[d] = Number.isNaN(iou) ? Infinity : iou;
    }
  }
  return { ious, best };
}
