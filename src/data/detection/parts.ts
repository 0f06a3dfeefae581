/**
 * Cutting, mirroring and scaling as one move: a part of a picture fills a rectangle of the input. Pixels and boxes make it together.
 */
import type { LabelledBoxes } from '../../geometry/boxes.js';
import type { PixelRect } from '../image/image.js';

export interface PartMove {
  /** In original pixels. */
  readonly part: PixelRect;
  /** In input pixels; the part's left top corner goes to its left top corner. */
  readonly target: PixelRect;
  /** Left and right change places within the target. */
  readonly mirror: boolean;
}

/**
 * Where targets are after a move, in input pixels.
 *
 * A box stays if its centre is inside the part, and is clipped to it; the ratio of each axis is the one that the pixels have
 * after rounding.
 */
export function moveTargets({ boxes, labels }: LabelledBoxes, { part, target, mirror }: PartMove): LabelledBoxes {
  const across = target.width / part.width;
  const down = target.height / part.height;
  const movedBoxes: number[] = [];
  const movedLabels: number[] = [];
  for (const [i, label] of labels.entries()) {
    const [x1, y1, x2, y2] = boxes.subarray(4 * i, 4 * i + 4) as unknown as [number, number, number, number];
    if (!holdsCentre(part, x1, y1, x2, y2)) continue;
    const left = Math.max(0, (x1 - part.left) * across);
    const right = Math.min(target.width, (x2 - part.left) * across);
    const top = target.top + Math.max(0, (y1 - part.top) * down);
    const bottom = target.top + Math.min(target.height, (y2 - part.top) * down);
    const [from, to] = mirror ? [target.width - right, target.width - left] : [left, right];
    movedBoxes.push(target.left + from, top, target.left + to, bottom);
    movedLabels.push(label);
  }
  return { boxes: Float32Array.from(movedBoxes), labels: Int32Array.from(movedLabels) };
}

export function holdsCentre(
  { left, top, width, height }: PixelRect,
  x1: number,
  y1: number,
  x2: number,
  y2: number,
): boolean {
  const [x, y] = [(x1 + x2) / 2, (y1 + y2) / 2];
  return x >= left && x <= left + width && y >= top && y <= top + height;
}

/** LabelledBoxes of several moves into one input. */
export function joinTargets(all: readonly LabelledBoxes[]): LabelledBoxes {
  return {
    boxes: Float32Array.from(all.flatMap(({ boxes }) => [...boxes])),
    labels: Int32Array.from(all.flatMap(({ labels }) => [...labels])),
  };
}
