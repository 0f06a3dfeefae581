import type { LabelledBoxes } from '../geometry/boxes.js';
import type { Size } from '../geometry/size.js';
import type { AnchorGrid } from './anchors.js';
import { encode } from './coder.js';
import { matchAnchors, matchState } from './match.js';

/** Chooses the anchors that learn a box: for each the index of its target, or a `matchState`. */
export type Assigner = (grid: AnchorGrid, boxes: Float32Array, imageSize: Size) => Int32Array;

/** What the head should say at each anchor. */
export interface AnchorTargets {
  /** [R]: 0 … K-1 foreground, K background, `ignoreLabel` where nothing is wanted. */
  readonly labels: Int32Array;
  /** [R, 4], 0 where not foreground. */
  readonly deltas: Float32Array;
  /** How many anchors are foreground. */
  readonly foreground: number;
}

/** Label of an anchor that does not count in the loss. */
export const ignoreLabel = -1;

/**
 * What the head should say of one image.
 *
 * @param targets one without area, or that overlaps no anchor, is never matched
 * @param imageSize after resizing, before padding, in input pixels
 */
export function assignTargets(
  grid: AnchorGrid,
  targets: LabelledBoxes,
  imageSize: Size,
  numClasses: number,
  match: Assigner = matchAnchors,
): AnchorTargets {
  const labels = match(grid, targets.boxes, imageSize);
  const deltas = new Float32Array(grid.anchors.length);
  let foreground = 0;
  for (let r = 0; r < labels.length; r++) {
    const target = labels[r]!;
    if (target >= 0) {
      labels[r] = targets.labels[target]!;
      encode(grid.anchors, r, targets.boxes, target, deltas);
      foreground++;
    } else {
      labels[r] = target === matchState.background ? numClasses : ignoreLabel;
    }
  }
  return { labels, deltas, foreground };
}

/** The same of a batch, side by side: `labels` [B, R], `deltas` [B, R, 4], `foreground` [B]. */
export function assignBatch(
  grid: AnchorGrid,
  images: readonly (LabelledBoxes & { readonly size: Size })[],
  numClasses: number,
  match: Assigner = matchAnchors,
): { labels: Int32Array; deltas: Float32Array; foreground: Int32Array } {
  const perImage = grid.anchors.length / 4;
  const labels = new Int32Array(images.length * perImage);
  const deltas = new Float32Array(images.length * perImage * 4);
  const foreground = new Int32Array(images.length);
  for (const [b, image] of images.entries()) {
    const assigned = assignTargets(grid, image, image.size, numClasses, match);
    labels.set(assigned.labels, b * perImage);
    deltas.set(assigned.deltas, b * perImage * 4);
    foreground[b] = assigned.foreground;
  }
  return { labels, deltas, foreground };
}
