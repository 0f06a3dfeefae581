/**
 * Between boxes and what the head predicts: deltas (dx, dy, dw, dh) from an anchor, centres in anchor sides and sides as
 * logarithms. Girshick et al., "Rich feature hierarchies" (2014), appendix C. No means and deviations: 0 and 1 in RetinaNet.
 */

/**
 * Largest |dw| and |dh| that decoding believes: a side at most 62.5 times the anchor's, or that much smaller, so that an
 * untrained head cannot overflow. Clamped on both sides as in mmdet; detectron2 and torchvision clamp the upper side only.
 */
export const maxLogRatio = Math.log(1000 / 16);

/**
 * Writes the deltas that lead from anchor `i` to box `j` at `deltas[4 * i]`. Both must have an area.
 *
 * @param anchors [R, 4] xyxy
 * @param boxes [G, 4] xyxy, same pixels
 * @param deltas [R, 4]
 */
export function encode(anchors: Float32Array, i: number, boxes: Float32Array, j: number, deltas: Float32Array): void {
  const [p, q] = [4 * i, 4 * j];
  const anchorWidth = anchors[p + 2]! - anchors[p]!;
  const anchorHeight = anchors[p + 3]! - anchors[p + 1]!;
  deltas[p] = (boxes[q]! + boxes[q + 2]! - anchors[p]! - anchors[p + 2]!) / 2 / anchorWidth;
  deltas[p + 1] = (boxes[q + 1]! + boxes[q + 3]! - anchors[p + 1]! - anchors[p + 3]!) / 2 / anchorHeight;
  deltas[p + 2] = Math.log((boxes[q + 2]! - boxes[q]!) / anchorWidth);
  deltas[p + 3] = Math.log((boxes[q + 3]! - boxes[q + 1]!) / anchorHeight);
}

/** The box, xyxy, at deltas `j` from anchor `i`; not clipped to the image. */
export function decode(
  anchors: Float32Array,
  i: number,
  deltas: Float32Array,
  j: number,
): [x1: number, y1: number, x2: number, y2: number] {
  const [p, q] = [4 * i, 4 * j];
  const anchorWidth = anchors[p + 2]! - anchors[p]!;
  const anchorHeight = anchors[p + 3]! - anchors[p + 1]!;
  const cx = (anchors[p]! + anchors[p + 2]!) / 2 + deltas[q]! * anchorWidth;
  const cy = (anchors[p + 1]! + anchors[p + 3]!) / 2 + deltas[q + 1]! * anchorHeight;
  const halfWidth = (anchorWidth * Math.exp(clampLogRatio(deltas[q + 2]!))) / 2;
  const halfHeight = (anchorHeight * Math.exp(clampLogRatio(deltas[q + 3]!))) / 2;
  return [cx - halfWidth, cy - halfHeight, cx + halfWidth, cy + halfHeight];
}

function clampLogRatio(value: number): number {
  return Math.min(Math.max(value, -maxLogRatio), maxLogRatio);
}
