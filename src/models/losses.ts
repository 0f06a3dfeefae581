/** Losses of classes and scores. Scalars; each states what it is a sum or a mean of. boxLosses.ts has those of boxes. */
import * as tf from '@tensorflow/tfjs-core';
import { gatherRows } from '../nn/ops/gather.js';
import { withGradient } from '../nn/ops/gradient.js';
import { addWhole } from '../nn/ops/wholeNumbers.js';
import { rawOp, rawOps } from '../tensorflow/backend.js';

/**
 * Cross-entropy with soft targets: the mean over the batch of -Σ t log softmax(x).
 *
 * @param logits [B, K]
 * @param targets [B, K], each row summing to 1
 */
export function softTargetCrossEntropy(logits: tf.Tensor2D, targets: tf.Tensor2D): tf.Scalar {
  const batch = logits.shape[0];
  return withGradient(
    [logits] as const,
    (keep) => {
      const [losses, gradient] = rawOps(
        'SoftmaxCrossEntropyWithLogits',
        [logits, targets],
        { T: { type: 'float32' } },
        2,
      );
      keep(gradient!);
      return tf.mean<tf.Scalar>(losses!);
    },
    (dy, [gradient]) => [tf.mul(gradient!, tf.div(dy, batch))],
  );
}

export interface FocalOptions {
  /** Weight of foreground; background has 1 - alpha. */
  readonly alpha: number;
  /** How strongly the loss of well-classified anchors is reduced. */
  readonly gamma: number;
}

const powers = (x: tf.Tensor, gamma: number): tf.Tensor => (gamma === 2 ? tf.square(x) : tf.pow(x, gamma));

/** A logit so low that its loss as background is zero in 32-bit floats. */
const certainNo = -200;

const scatter = { T: { type: 'float32' }, Tindices: { type: 'int32' } } as const;

/** Loss and derivative of anchors that should say "no": (1-α) pᵞ softplus(x). */
function negativeFocal(x: tf.Tensor, { alpha, gamma }: FocalOptions): { loss: tf.Tensor; gradient: tf.Tensor } {
  const p = tf.sigmoid(x);
  const entropy = rawOp('Softplus', [x]);
  const weight = tf.mul(powers(p, gamma), 1 - alpha);
  const slope = tf.add(p, tf.mul(tf.mul(tf.sub(1, p), entropy), gamma));
  return { loss: tf.mul(weight, entropy), gradient: tf.mul(weight, slope) };
}

/** Loss and derivative of anchors that should say "yes": α (1-p)ᵞ softplus(-x), the mirror image of the other. */
function positiveFocal(x: tf.Tensor, { alpha, gamma }: FocalOptions): { loss: tf.Tensor; gradient: tf.Tensor } {
  const { loss, gradient } = negativeFocal(tf.neg(x), { alpha: 1 - alpha, gamma });
  return { loss, gradient: tf.neg(gradient) };
}

/**
 * Sigmoid focal loss, summed over all anchors that count and all classes.
 *
 * Every logit is taken as background, but for the one class of each foreground anchor, so that no one-hot target of the
 * logits' size is made. Source: Lin et al., "Focal Loss for Dense Object Detection" (2017), §3.
 *
 * @param logits [B, R, K]
 * @param labels [B, R] int32: 0 … K-1 foreground, K background, -1 left out
 */
export function focalLoss(logits: tf.Tensor3D, labels: tf.Tensor2D, options: FocalOptions): tf.Scalar {
  const [batch, anchors, classes] = logits.shape;
  const count = batch * anchors;
  return withGradient(
    [logits] as const,
    (keep) => {
      const flat = tf.reshape(tf.cast(labels, 'float32'), [count]); // K is small: exact, and TensorFlow compares these on the device
      const counts = tf.cast(tf.greaterEqual(flat, 0), 'float32'); // [B·R]
      const foreground = tf.mul(counts, tf.cast(tf.less(flat, classes), 'float32')); // [B·R]
      const own = tf.clipByValue(flat, 0, classes - 1);
      const first = tf.range(0, count * classes, classes, 'int32');
      const column = [count, 1];
      const indices = addWhole(tf.reshape(first, column), tf.cast(tf.reshape(own, column), 'int32')); // [B·R, 1]
      const values: tf.Tensor = tf.reshape(logits, [count * classes]);
      const picked = tf.reshape(gatherRows(values, indices), [count]); // [B·R]

      // The foreground class of an anchor must not count as background too: its logit is replaced by one whose loss and
      // derivative are exactly zero.
      const background = rawOp(
        'TensorScatterUpdate',
        [values, indices, tf.where(tf.greater(foreground, 0), tf.fill([count], certainNo), picked)],
        scatter,
      );
      const no = negativeFocal(tf.reshape(background, [count, classes]), options); // [B·R, K]
      const yes = positiveFocal(picked, options); // [B·R]

      const mask = tf.reshape(counts, [count, 1]);
      const flatGradient = tf.reshape(tf.mul(no.gradient, mask), [count * classes]);
      const gradient = rawOp('TensorScatterAdd', [flatGradient, indices, tf.mul(foreground, yes.gradient)], scatter);
      keep(tf.reshape(gradient, [batch, anchors, classes]));
      return tf.add<tf.Scalar>(tf.sum(tf.mul(no.loss, mask)), tf.sum(tf.mul(foreground, yes.loss)));
    },
    (dy, [gradient]) => [tf.mul(gradient!, dy)],
  );
}

/**
 * Cross-entropy of independent yes-or-no questions with soft answers: the sum over the places that count.
 *
 * @param logits [B, R]
 * @param targets [B, R], 0 … 1
 * @param mask [B, R] 1 where a place counts
 */
export function binaryCrossEntropy(logits: tf.Tensor2D, targets: tf.Tensor2D, mask: tf.Tensor2D): tf.Scalar {
  return withGradient(
    [logits] as const,
    (keep) => {
      keep(tf.mul(tf.sub(tf.sigmoid(logits), targets), mask));
      // softplus(x) - t x
      const losses = tf.sub(rawOp('Softplus', [logits]), tf.mul(targets, logits));
      return tf.sum<tf.Scalar>(tf.mul(losses, mask));
    },
    (dy, [gradient]) => [tf.mul(gradient!, dy)],
  );
}
