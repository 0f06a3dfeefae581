/** G boxes with their labels. */
export interface LabelledBoxes {
  /** [G, 4] xyxy; in pixels of which picture, the owner says. */
  readonly boxes: Float32Array;
  /** [G], 0 … K-1. */
  readonly labels: Int32Array;
}

const f32 = Math.fround;

/**
 * Intersection over union of box `i` of `a` and box `j` of `b`; 0 where they only touch, or where a box has no area.
 *
 * Each step is rounded to single precision, as in the reference (torch on float32 tensors): whether an overlap is
 * exactly a threshold, or exactly equal to another, must not depend on digits that the reference does not have.
 *
 * @param a [N, 4] xyxy
 * @param b [M, 4] xyxy, same pixels
 */
export function iou(a: Float32Array, i: number, b: Float32Array, j: number): number {
  const [p, q] = [4 * i, 4 * j];
  const width = f32(Math.min(a[p + 2]!, b[q + 2]!) - Math.max(a[p]!, b[q]!));
  const height = f32(Math.min(a[p + 3]!, b[q + 3]!) - Math.max(a[p + 1]!, b[q + 1]!));
  if (!(width > 0 && height > 0)) return 0;
  const shared = f32(width * height);
  return f32(shared / f32(f32(area(a, i) + area(b, j)) - shared));
}

/** Area in square pixels, in single precision. No "+ 1": corners are points, not pixels. */
export function area(boxes: Float32Array, i: number): number {
  const at = 4 * i;
  return f32(f32(boxes[at + 2]! - boxes[at]!) * f32(boxes[at + 3]! - boxes[at + 1]!));
}
