/**
 * Test-time augmentation: a picture is looked at in several sizes and mirrored, and what is found in these views is brought together.
 *
 * As mmdetection 3 (`DetTTAModel`) and detectron2 do it: the boxes of each view are brought back to the picture, and those of all views
 * go through one more suppression of duplicates within each class.
 */
import { UsageError } from '../errors.js';
import { type InputRule, paddedSize, type Size } from '../geometry/size.js';
import { classwiseNms, type NmsOptions } from './nms.js';
import { type Detections, joined, rowsOf } from './postprocess.js';

export interface ViewOptions {
  /** Looks at each picture mirrored left to right too. @default false */
  readonly flip?: boolean | undefined;
  /** Sizes to look at pictures in, as multiples of the short and the long side of the checkpoint, 0.1 … 10. @default [1] */
  readonly scales?: readonly number[] | undefined;
}

/** One way to look at a picture. */
export interface View {
  /** Multiple of the usual size. */
  readonly scale: number;
  /** Left to right. */
  readonly mirror: boolean;
}

/** Every size once, in the order given: as it is, then mirrored. @throws UsageError at a scale that has no meaning */
export function viewsOf({ flip = false, scales = [1] }: ViewOptions): View[] {
  if (scales.length === 0 || scales.some((scale) => !(scale >= 0.1 && scale <= 10)))
    throw new UsageError(`scales: expected numbers from 0.1 to 10, found [${scales.join(', ')}]`);
  const mirrors = flip ? [false, true] : [false];
  return [...new Set(scales)].flatMap((scale) => mirrors.map((mirror) => ({ scale, mirror })));
}

/** The rule that makes pictures, and the shapes that they are padded to, `scale` times as large. */
export function scaledRule<R extends InputRule>(rule: R, scale: number): R {
  if (scale === 1) return rule;
  const side = (pixels: number) => Math.max(1, Math.round(pixels * scale));
  const shapes = rule.shapes?.map(([height, width]) => {
    const padded = paddedSize({ width: side(width), height: side(height) });
    return [padded.height, padded.width] as const;
  });
  return { ...rule, shortSide: side(rule.shortSide), longSide: side(rule.longSide), ...(shapes && { shapes }) };
}

/** What was found in a view of a picture, in pixels of the picture's own size; mirrored where the view is. */
export interface ViewDetections {
  readonly view: View;
  readonly found: Detections;
}

/**
 * The detections of a picture from those of its views, each without duplicates already. Of equal scores the earlier view's comes first.
 */
export function mergeViews(views: readonly ViewDetections[], { width }: Size, options: NmsOptions): Detections {
  const [first] = views;
  if (views.length === 1 && !first!.view.mirror) return first!.found;
  const all = joined(
    views.map(({ view, found }) => (view.mirror ? { ...found, boxes: mirrored(found.boxes, width) } : found)),
  );
  return rowsOf(all, classwiseNms(all.boxes, all.scores, all.labels, options));
}

/** [N, 4] xyxy of a picture that is `width` pixels wide, from those of its mirror image: x1 and x2 change places. */
function mirrored(boxes: Float32Array, width: number): Float32Array {
  return boxes.map((value, i) => {
    if (i % 2 === 1) return value;
    return width - boxes[i % 4 === 0 ? i + 2 : i - 2]!;
  });
}
