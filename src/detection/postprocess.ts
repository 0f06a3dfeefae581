import type { Size } from '../geometry/size.js';
import type { AnchorGrid } from './anchors.js';
import { decode } from './coder.js';
import { classwiseNms, type NmsOptions } from './nms.js';

/** What inference keeps of a level's H·W·A·K scores: the `preNmsTopK` best, best first. */
export interface LevelCandidates {
  /** [k], after the sigmoid. */
  readonly scores: Float32Array;
  /** [k]: anchor · K + label, anchors counted from the level's first. */
  readonly indices: Int32Array;
  /** [k, 4], of the anchor of each. */
  readonly deltas: Float32Array;
}

/** The model's boxes for one image, best score first. */
export interface Detections {
  /** [D, 4] xyxy in original pixels, inside the image. */
  readonly boxes: Float32Array;
  /** [D] */
  readonly scores: Float32Array;
  /** [D], 0 … K-1. */
  readonly labels: Int32Array;
}

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
 * Decodes the candidates of all levels, and suppresses duplicates.
 *
 * Boxes are clipped to the input, then scaled to the original, then compared: overlaps are those of original pixels, which
 * differ from the input's where rounding to whole pixels changed the aspect ratio. Boxes left without area are dropped.
 * Order of steps as in mmdet.
 *
 * @param levels as in `grid.levels`
 * @param inputSize after resizing, before padding
 */
export function detectionsOf(
  levels: readonly LevelCandidates[],
  grid: AnchorGrid,
  numClasses: number,
  inputSize: Size,
  originalSize: Size,
  options: InferenceOptions = retinanetInference,
): Detections {
  const capacity = levels.reduce((sum, { scores }) => sum + scores.length, 0);
  const boxes = new Float32Array(4 * capacity);
  const scores = new Float32Array(capacity);
  const labels = new Int32Array(capacity);
  const scoreThreshold = Math.fround(options.scoreThreshold);
  const [scaleX, scaleY] = [originalSize.width / inputSize.width, originalSize.height / inputSize.height];
  let count = 0;
  for (const [l, level] of levels.entries()) {
    for (let i = 0; i < level.scores.length; i++) {
      if (!(level.scores[i]! > scoreThreshold)) continue;
      const anchor = grid.offsets[l]! + Math.floor(level.indices[i]! / numClasses);
      const [x1, y1, x2, y2] = decode(grid.anchors, anchor, level.deltas, i);
      const at = 4 * count;
      boxes[at] = clamp(x1, inputSize.width) * scaleX;
      boxes[at + 1] = clamp(y1, inputSize.height) * scaleY;
      boxes[at + 2] = clamp(x2, inputSize.width) * scaleX;
      boxes[at + 3] = clamp(y2, inputSize.height) * scaleY;
      if (!(boxes[at + 2]! > boxes[at] && boxes[at + 3]! > boxes[at + 1]!)) continue;
      scores[count] = level.scores[i]!;
      labels[count] = level.indices[i]! % numClasses;
      count++;
    }
  }
  const kept = classwiseNms(boxes, scores.subarray(0, count), labels, options);
  return {
    boxes: Float32Array.from(kept.flatMap((i) => [...boxes.subarray(4 * i, 4 * i + 4)])),
    scores: Float32Array.from(kept, (i) => scores[i]!),
    labels: Int32Array.from(kept, (i) => labels[i]!),
  };
}

function clamp(value: number, high: number): number {
  return Math.min(Math.max(value, 0), high);
}
