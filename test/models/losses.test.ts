import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { focalLoss, softTargetCrossEntropy } from '../../src/models/losses.js';
import { useEagerBackend } from '../../src/tensorflow/backend.js';
import { Program } from '../../src/tensorflow/program.js';

beforeAll(() => useEagerBackend());

const retinanet = { alpha: 0.25, gamma: 2 };
const number = (tensor: tf.Tensor) => tensor.dataSync()[0]!;

/** The loss of one logit, and its derivative. */
function focalOfOne(logit: number, label: number, options = retinanet) {
  return tf.tidy(() => {
    const labels = tf.tensor2d([[label]], [1, 1], 'int32');
    const { value, grad } = tf.valueAndGrad((x: tf.Tensor) => focalLoss(x as tf.Tensor3D, labels, options))(
      tf.tensor3d([[[logit]]]),
    );
    return { loss: number(value), gradient: number(grad) };
  });
}

describe('focalLoss', () => {
  // PyTorch 2.9.1, float64; label 0 is the class, label 1 (= K) is background
  test.each([
    [0, 0, 0.04332169878499658],
    [0, 1, 0.12996509635498973],
    [-4.59511985, 0, 1.1283818247860464],
    [-4.59511985, 1, 7.53775189e-7],
    [2, 0, 4.50890709e-4],
    [2, 1, 1.2375586345660565],
    [-20, 0, 4.999999979903753],
    [30, 1, 22.49999999999586],
  ])('logit %f, label %i', (logit, label, wanted) => {
    expect(Math.abs(focalOfOne(logit, label).loss / wanted - 1)).toBeLessThan(2e-5);
  });

  test('an ignored anchor gives no loss and no gradient', () => {
    expect(focalOfOne(3, -1)).toEqual({ loss: 0, gradient: 0 });
  });

  test.each([
    [0.3, 0, 2],
    [-1.7, 0, 2],
    [0.3, 1, 2],
    [1.2, 0, 1.5],
    [1.2, 1, 0.5],
  ])('logit %f, label %i, gamma %f: the derivative is that of the loss', (logit, label, gamma) => {
    const options = { alpha: 0.25, gamma };
    const step = 1e-2;
    const slope =
      (focalOfOne(logit + step, label, options).loss - focalOfOne(logit - step, label, options).loss) / (2 * step);
    expect(Math.abs(focalOfOne(logit, label, options).gradient - slope)).toBeLessThan(
      1e-3 * Math.max(1, Math.abs(slope)),
    );
  });

  test('a batch is the sum of its parts: class of a foreground anchor, all other classes as background', () => {
    const logits = [0.5, -1, 2, -0.3, 0.7, 1.1, -2, 0.1, 0.4, -0.6, 0.2, 0.9];
    const labels = [2, 3, -1, 0]; // K = 3
    const total = tf.tidy(() =>
      number(focalLoss(tf.tensor3d(logits, [2, 2, 3]), tf.tensor2d(labels, [2, 2], 'int32'), retinanet)),
    );
    let wanted = 0;
    for (const [i, logit] of logits.entries()) {
      const label = labels[Math.floor(i / 3)]!;
      if (label >= 0) wanted += focalOfOne(logit, label === i % 3 ? 0 : 1).loss;
    }
    expect(Math.abs(total - wanted)).toBeLessThan(1e-5);
  });
});

test('softTargetCrossEntropy: the mean over the batch of -Σ t log softmax(x)', () => {
  const logits = [1, 2, 3, -1, 0, 4];
  const targets = [0.1, 0.2, 0.7, 0.5, 0.5, 0];
  const logSoftmax = (row: number[]) => row.map((x) => x - Math.log(row.reduce((sum, y) => sum + Math.exp(y), 0)));
  const wanted =
    -[0, 1].reduce(
      (sum, b) => sum + logSoftmax(logits.slice(3 * b, 3 * b + 3)).reduce((s, l, k) => s + l * targets[3 * b + k]!, 0),
      0,
    ) / 2;
  const [loss, gradient] = tf.tidy(() => {
    const t = tf.tensor2d(targets, [2, 3]);
    const { value, grad } = tf.valueAndGrad((x: tf.Tensor) => softTargetCrossEntropy(x as tf.Tensor2D, t))(
      tf.tensor2d(logits, [2, 3]),
    );
    return [number(value), grad.dataSync()];
  });
  expect(loss).toBeCloseTo(wanted, 6);
  for (const [i, g] of gradient.entries()) {
    const row = logSoftmax(logits.slice(3 * Math.floor(i / 3), 3 * Math.floor(i / 3) + 3));
    expect(g).toBeCloseTo((Math.exp(row[i % 3]!) - targets[i]!) / 2, 6);
  }
});

test('the losses are traced as they run eagerly', async () => {
  const program = new Program();
  const logits = { data: Float32Array.from([0.5, -1, 2, -0.3, 0.7, 1.1]), shape: [1, 3, 2] };
  const labels = { data: Int32Array.of(0, 2, 1), shape: [1, 3] };
  const traced = program.compile(({ x, y }) => ({ loss: focalLoss(x as tf.Tensor3D, y as tf.Tensor2D, retinanet) }));
  const { loss } = await traced({ x: logits, y: labels });
  const eager = tf.tidy(() =>
    number(focalLoss(tf.tensor3d(logits.data, [1, 3, 2]), tf.tensor2d(labels.data, [1, 3], 'int32'), retinanet)),
  );
  expect(Math.abs(Number(loss.data[0]) - eager)).toBeLessThan(1e-6);
  await program.dispose();
});
