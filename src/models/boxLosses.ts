/** Losses of boxes: sums over foreground places, with gradients of their own. */
import * as tf from '@tensorflow/tfjs-core';
import { withGradient } from '../nn/ops/gradient.js';

/** 1 at foreground places and 0 elsewhere. @param labels [B, R] int32: 0 … K-1 foreground, K background, -1 left out */
export function foregroundMask(labels: tf.Tensor2D, classes: number): tf.Tensor2D {
  return tf.cast(tf.logicalAnd(tf.greaterEqual(labels, 0), tf.less(labels, classes)), 'float32');
}

/**
 * L1 between deltas, summed over places and the four numbers.
 *
 * @param deltas [B, R, 4]
 * @param targets [B, R, 4]
 * @param mask [B, R] of the places that count
 */
export function l1Loss(deltas: tf.Tensor3D, targets: tf.Tensor3D, mask: tf.Tensor2D): tf.Scalar {
  return withGradient(
    [deltas] as const,
    (keep) => {
      const difference = tf.mul(tf.sub(deltas, targets), tf.expandDims(mask, 2));
      keep(tf.sign(difference));
      return tf.sum<tf.Scalar>(tf.abs(difference));
    },
    (dy, [sign]) => [tf.mul(sign!, dy)],
  );
}

/**
 * As {@link l1Loss}, but d² / 2β where a difference d is less than β, and |d| - β / 2 beyond.
 *
 * Source: Girshick, "Fast R-CNN" (2015), equation 3, with Detectron's β.
 */
export function smoothL1Loss(deltas: tf.Tensor3D, targets: tf.Tensor3D, mask: tf.Tensor2D, beta: number): tf.Scalar {
  return withGradient(
    [deltas] as const,
    (keep) => {
      const difference = tf.mul(tf.sub(deltas, targets), tf.expandDims(mask, 2));
      const slope = tf.clipByValue(tf.div(difference, beta), -1, 1);
      keep(slope);
      // d · slope is d² / β inside and |d| beyond; what is too much is half of slope² · β in both.
      return tf.sum<tf.Scalar>(tf.sub(tf.mul(difference, slope), tf.mul(tf.square(slope), beta / 2)));
    },
    (dy, [slope]) => [tf.mul(slope!, dy)],
  );
}

/** Corners as columns. */
type Corners = readonly [x1: tf.Tensor, y1: tf.Tensor, x2: tf.Tensor, y2: tf.Tensor];

const cornersOf = (boxes: tf.Tensor): Corners => tf.split(boxes, 4, boxes.rank - 1) as unknown as Corners;

const epsilon = 1e-7;

/** Along one axis: how long boxes share it and how long both together are, and where each end decides that. */
function axis(low: tf.Tensor, high: tf.Tensor, targetLow: tf.Tensor, targetHigh: tf.Tensor) {
  const number = (condition: tf.Tensor) => tf.cast(condition, 'float32');
  const shared = tf.relu(tf.sub(tf.minimum(high, targetHigh), tf.maximum(low, targetLow)));
  const touches = number(tf.greater(shared, 0));
  return {
    length: tf.sub(high, low),
    shared,
    around: tf.sub(tf.maximum(high, targetHigh), tf.minimum(low, targetLow)),
    /** Derivatives by the lower and by the upper end. */
    sharedBy: [
      tf.neg(tf.mul(touches, number(tf.greater(low, targetLow)))),
      tf.mul(touches, number(tf.less(high, targetHigh))),
    ] as const,
    aroundBy: [tf.neg(number(tf.less(low, targetLow))), number(tf.greater(high, targetHigh))] as const,
  };
}

/**
 * How much boxes miss their targets by, by their overlap: a weighted sum over places.
 *
 * `giou`: 1 - GIoU, 0 … 2. `iou`: -log IoU. Where ends of two boxes coincide the loss has a kink, and its derivative by that
 * end is taken from the area alone.
 *
 * Source: Rezatofighi et al., "Generalized Intersection over Union" (2019), algorithm 1, epsilon as torchvision's
 * `generalized_box_iou_loss`; Yu et al., "UnitBox" (2016), §2.1.
 *
 * @param boxes [..., 4] xyxy, sides positive
 * @param targets [..., 4] xyxy, likewise
 * @param weights [...] of the places; 0 where there is no target
 */
export function overlapLoss(kind: 'iou' | 'giou', boxes: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor): tf.Scalar {
  return withGradient(
    [boxes] as const,
    (keep) => {
      const [x1, y1, x2, y2] = cornersOf(boxes); // [..., 1] each
      const [targetX1, targetY1, targetX2, targetY2] = cornersOf(targets);
      const across = axis(x1, x2, targetX1, targetX2);
      const down = axis(y1, y2, targetY1, targetY2);
      const shared = tf.mul(across.shared, down.shared);
      const targetArea = tf.mul(tf.sub(targetX2, targetX1), tf.sub(targetY2, targetY1));
      const union = tf.sub(tf.add(tf.mul(across.length, down.length), targetArea), shared);
      const around = tf.mul(across.around, down.around);
      const { loss, byShared, byUnion, byAround } =
        kind === 'giou' ? giou(shared, union, around) : negativeLogIou(shared, union);

      // The union grows with the area and shrinks with what is shared.
      const byOverlap = tf.sub(byShared, byUnion);
      const by = (one: ReturnType<typeof axis>, other: ReturnType<typeof axis>, end: 0 | 1) => {
        const viaArea = tf.mul(byUnion, end === 0 ? tf.neg(other.length) : other.length);
        const viaShared = tf.mul(byOverlap, tf.mul(other.shared, one.sharedBy[end]));
        const viaAround = tf.mul(byAround, tf.mul(other.around, one.aroundBy[end]));
        return tf.add(tf.add(viaArea, viaShared), viaAround);
      };
      const slopes = [by(across, down, 0), by(down, across, 0), by(across, down, 1), by(down, across, 1)];
      const column = tf.expandDims(weights, weights.rank); // [..., 1]
      keep(tf.mul(tf.concat(slopes, boxes.rank - 1), column));
      return tf.sum<tf.Scalar>(tf.mul(loss, column));
    },
    (dy, [slope]) => [tf.mul(slope!, dy)],
  );
}

/** A loss, and its derivatives by what it is computed from. */
type Slopes = Readonly<Record<'loss' | 'byShared' | 'byUnion' | 'byAround', tf.Tensor>>;

/** 1 - I / (U + ε) + (C - U) / (C + ε). */
function giou(shared: tf.Tensor, union: tf.Tensor, around: tf.Tensor): Slopes {
  const inverseUnion = tf.reciprocal(tf.add(union, epsilon));
  const inverseAround = tf.reciprocal(tf.add(around, epsilon));
  const iou = tf.mul(shared, inverseUnion);
  return {
    loss: tf.add(tf.sub(1, iou), tf.mul(tf.sub(around, union), inverseAround)),
    byShared: tf.neg(inverseUnion),
    byUnion: tf.sub(tf.mul(iou, inverseUnion), inverseAround),
    byAround: tf.mul(tf.add(union, epsilon), tf.square(inverseAround)),
  };
}

/** Below this an overlap counts as this, and has no derivative; as mmdet's IoULoss. */
const leastIou = 1e-6;

/** -log(I / U). */
function negativeLogIou(shared: tf.Tensor, union: tf.Tensor): Slopes {
  const iou = tf.div(shared, tf.maximum(union, leastIou));
  const counts = tf.cast(tf.greater(iou, leastIou), 'float32');
  return {
    loss: tf.neg(tf.log(tf.maximum(iou, leastIou))),
    byShared: tf.neg(tf.div(counts, tf.maximum(shared, leastIou))),
    byUnion: tf.div(counts, tf.maximum(union, leastIou)),
    byAround: tf.zerosLike(iou),
  };
}
