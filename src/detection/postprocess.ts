import type { Size } from '../geometry/size.js';
import { classwiseNms, type NmsOptions } from './nms.js';

/** Boxes of one image, each with a class and its score. */
export interface ScoredBoxes {
  /** [N, 4] xyxy */
  readonly boxes: Float32Array;
  /** [N] */
  readonly scores: Float32Array;
  /** [N], 0 … K-1. */
  readonly labels: Int32Array;
}

/** The boxes with these numbers, in this order. */
export function rowsOf({ boxes, scores, labels }: ScoredBoxes, rows: readonly number[]): ScoredBoxes {
  return {
    boxes: Float32Array.from(rows.flatMap((i) => [...boxes.subarray(4 * i, 4 * i + 4)])),
    scores: Float32Array.from(rows, (i) => scores[i]!),
    labels: Int32Array.from(rows, (i) => labels[i]!),
  };
}

/** The boxes of several lists as one, in order. */
export function joined(list: readonly ScoredBoxes[]): ScoredBoxes {
  return {
    boxes: Float32Array.from(list.flatMap(({ boxes }) => [...boxes])),
    scores: Float32Array.from(list.flatMap(({ scores }) => [...scores])),
    labels: Int32Array.from(list.flatMap(({ labels }) => [...labels])),
  };
}

/** The model's boxes for one image, in original pixels and inside the image, best score first. */
export type Detections = ScoredBoxes;

export interface InferenceOptions extends NmsOptions {
  /** Scores must exceed this. */
  readonly scoreThreshold: number;
}

/** Lin et al., "Focal Loss for Dense Object Detection" (2017), §4.1, and mmdet. */
export const retinanetInference: InferenceOptions & { readonly preNmsTopK: number } = {
  scoreThreshold: 0.05,
  nmsIou: 0.5,
  preNmsTopK: 1000,
  maxDetections: 100,
};

/**
 * Brings a head's boxes to the original picture, and suppresses duplicates.
 *
 * Boxes are clipped to the input, then scaled to the original, then compared: overlaps are those of original pixels, which
 * differ from the input's where rounding to whole pixels changed the aspect ratio. Boxes left without area are dropped.
 * Order of steps as in mmdet.
 *
 * @param found in input pixels, of scores that exceed the threshold already
 * @param inputSize after resizing, before padding
 */
export function detectionsOf(
  found: ScoredBoxes,
  inputSize: Size,
  originalSize: Size,
  options: NmsOptions = retinanetInference,
): Detections {
  const boxes = new Float32Array(found.boxes.length);
  const scores = new Float32Array(found.scores.length);
  const labels = new Int32Array(found.scores.length);
  const [scaleX, scaleY] = [originalSize.width / inputSize.width, originalSize.height / inputSize.height];
  let count = 0;
  for (let i = 0; i < found.scores.length; i++) {
    const [from, to] = [4 * i, 4 * count];
    boxes[to] = clamp(found.boxes[from]!, inputSize.width) * scaleX;
    boxes[to + 1] = clamp(found.boxes[from + 1]!, inputSize.height) * scaleY;
    boxes[to + 2] = clamp(found.boxes[from + 2]!, inputSize.width) * scaleX;
    boxes[to + 3] = clamp(found.boxes[from + 3]!, inputSize.height) * scaleY;
    if (!(boxes[to + 2]! > boxes[to]! && boxes[to + 3]! > boxes[to + 1]!)) continue;
    scores[count] = found.scores[i]!;
    labels[count] = found.labels[i]!;
    count++;
  }
  const kept = classwiseNms(boxes, scores.subarray(0, count), labels, options);
  return rowsOf({ boxes, scores, labels }, kept);
}

function clamp(value: number, high: number): number {
  return Math.min(Math.max(value, 0), high);
}
