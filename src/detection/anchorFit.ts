/** How well anchors fit boxes, by their sides alone: an anchor is thought of as centred on the box. */
import { type AnchorOptions, cellAnchors, retinanetStrides } from './anchors.js';

/** Width and height, in input pixels. */
export type Sides = readonly [width: number, height: number];

/** The sides of the anchors of all levels. */
export function anchorSides(options: AnchorOptions, strides: readonly number[] = retinanetStrides): Sides[] {
  return strides.flatMap((stride) => cellAnchors(stride, options));
}

/** IoU of a box with the anchor that fits it best. */
export function bestIou(anchors: readonly Sides[], box: Sides): number {
  return anchors.reduce((best, anchor) => Math.max(best, concentricIou(anchor, box)), 0);
}

function concentricIou([w1, h1]: Sides, [w2, h2]: Sides): number {
  const inter = Math.min(w1, w2) * Math.min(h1, h2);
  return inter / (w1 * h1 + w2 * h2 - inter);
}
