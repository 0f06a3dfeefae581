/** From candidates to detections, in ONNX: `detection/postprocess.ts` and `detection/nms.ts` once more. */
import type { NmsOptions } from '../../../detection/nms.js';
import type { OnnxGraph } from '../onnxGraph.js';
import { type Candidates, rowsAt } from './candidates.js';

/** Detections as names; N of each picture, best first, those that are none at the end. */
export interface DetectionNames {
  /** [B, N, 4] xyxy in input pixels, inside of the picture; zeros where there is none. */
  readonly boxes: string;
  /** [B, N]; 0 where there is none. */
  readonly scores: string;
  /** [B, N] 64-bit; -1 where there is none. */
  readonly labels: string;
}

/**
 * Clips boxes to the picture, suppresses duplicates within each class, and keeps the best `maxDetections`.
 *
 * A box counts in its own class alone, so its score there stands in a matrix of classes by candidates: no box is shifted, as
 * that would cost digits of the overlap.
 *
 * @param levels fine to coarse
 * @param limits name of [1, 2] floats: height and width of the pictures in input pixels
 */
export function suppress(
  onnx: OnnxGraph,
  levels: readonly Candidates[],
  limits: string,
  classes: number,
  { nmsIou, maxDetections }: NmsOptions,
): DetectionNames {
  const join = (name: keyof Candidates) =>
    levels.length === 1
      ? levels[0]![name]
      : onnx.add(
          'Concat',
          levels.map((level) => level[name]),
          { axis: { int: 1 } },
        );
  const boxes = clipped(onnx, join('boxes'), limits); // [B, C, 4]
  const labels = join('labels'); // [B, C]
  const none = onnx.floats([-1], []);
  const scores = onnx.add('Where', [hasArea(onnx, boxes), join('scores'), none]); // [B, C]
  const between = onnx.ints([1]);
  const names = onnx.ints(
    Array.from({ length: classes }, (_, label) => label),
    [1, classes, 1],
  );
  const ownClass = onnx.add('Equal', [onnx.add('Unsqueeze', [labels, between]), names]); // [B, K, C]
  const byClass = onnx.add('Where', [ownClass, onnx.add('Unsqueeze', [scores, between]), none]);
  const kept = onnx.add('NonMaxSuppression', [
    boxes,
    byClass,
    onnx.ints([maxDetections]),
    onnx.floats([nmsIou]),
    onnx.floats([-0.5]), // what is no candidate has -1
  ]); // [M, 3]: picture, label, candidate
  const places = onnx.add('Gather', [kept, onnx.ints([0, 2])], { axis: { int: 1 } }); // [M, 2]
  const nowhere = onnx.add('Add', [onnx.add('Mul', [scores, onnx.floats([0], [])]), none]);
  const left = onnx.add('ScatterND', [nowhere, places, onnx.add('GatherND', [scores, places])]); // [B, C]
  const all = onnx.add('Slice', [onnx.add('Shape', [left]), onnx.ints([1]), onnx.ints([2])]);
  const count = onnx.add('Min', [all, onnx.ints([maxDetections])]);
  const [best, indices] = onnx.addMany('TopK', [left, count], { axis: { int: -1 } }, 2); // [B, N]
  const found = onnx.add('Greater', [best!, onnx.floats([0], [])]);
  const foundSides = onnx.add('Unsqueeze', [found, onnx.ints([-1])]);
  const column = onnx.add('GatherElements', [labels, indices!], { axis: { int: 1 } });
  return {
    boxes: onnx.add('Where', [foundSides, rowsAt(onnx, boxes, indices!), onnx.floats([0], [])]),
    scores: onnx.add('Where', [found, best!, onnx.floats([0], [])]),
    labels: onnx.add('Where', [found, column, onnx.ints([-1], [])]),
  };
}

/** [B, C, 4] within [0, width] and [0, height]. */
function clipped(onnx: OnnxGraph, boxes: string, limits: string): string {
  const widthFirst = onnx.add('Gather', [limits, onnx.ints([1, 0, 1, 0])], { axis: { int: 1 } }); // [B, 4]
  const high = onnx.add('Unsqueeze', [widthFirst, onnx.ints([1])]);
  return onnx.add('Min', [onnx.add('Max', [boxes, onnx.floats([0], [])]), high]);
}

/** [B, C]: whether a box has both sides. */
function hasArea(onnx: OnnxGraph, boxes: string): string {
  const sides = [0, 1].map((axis) => {
    const [low, high] = [axis, axis + 2].map((i) =>
      onnx.add('Gather', [boxes, onnx.ints([i], [])], { axis: { int: 2 } }),
    );
    return onnx.add('Greater', [high!, low!]);
  });
  return onnx.add('And', sides);
}
