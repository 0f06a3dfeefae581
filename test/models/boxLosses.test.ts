import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { foregroundMask, l1Loss, overlapLoss, smoothL1Loss } from '../../src/models/boxLosses.js';
import { useEagerBackend } from '../../src/tensorflow/backend.js';

beforeAll(() => useEagerBackend());

/** A loss and its derivative by its first argument. */
function evaluated(loss: (x: tf.Tensor) => tf.Scalar, x: tf.Tensor): { loss: number; gradient: number[] } {
  return tf.tidy(() => {
    const { value, grad } = tf.valueAndGrad(loss)(x);
    return { loss: value.dataSync()[0]!, gradient: [...grad.dataSync()] };
  });
}

const boxes = (...rows: number[][]) => tf.tensor2d(rows, [rows.length, 4]);

describe('deltas of foreground places alone', () => {
  // K = 2: foreground, background, left out, foreground
  const labels = () => tf.tensor2d([[1, 2, -1, 0]], [1, 4], 'int32');
  const deltas = () => tf.tensor3d([1, -2, 0, 4, 9, 9, 9, 9, 9, 9, 9, 9, 0.5, 0, 0, 0], [1, 4, 4]);
  const zeros = () => tf.zeros([1, 4, 4]) as tf.Tensor3D;

  test('L1, and its sign as derivative', () => {
    const found = evaluated((x) => l1Loss(x as tf.Tensor3D, zeros(), foregroundMask(labels(), 2)), deltas());
    expect(found).toEqual({ loss: 7.5, gradient: [1, -1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0] });
  });

  test('smooth L1 with β 2: d² / 4 below 2, d - 1 from there', () => {
    const found = evaluated((x) => smoothL1Loss(x as tf.Tensor3D, zeros(), foregroundMask(labels(), 2), 2), deltas());
    // 1 / 4, 4 / 4, 0, 4 - 1; 0.25 / 4
    expect(found.loss).toBeCloseTo(0.25 + 1 + 3 + 0.0625, 6);
    expect(found.gradient).toEqual([0.5, -1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0.25, 0, 0, 0]);
  });
});

describe('overlapLoss', () => {
  const lossOf = (kind: 'iou' | 'giou', found: number[], wanted: number[], weight = 1) =>
    evaluated((x) => overlapLoss(kind, x, boxes(wanted), tf.tensor1d([weight])), boxes(found));

  // torchvision's generalized_box_iou_loss, float64
  test.each([
    [[0, 0, 10, 10], 0],
    [[5, 5, 15, 15], 1.079365015],
    [[20, 20, 30, 30], 1.777777791],
  ])('giou of (0, 0, 10, 10) and %j: %d', (wanted, value) => {
    expect(lossOf('giou', [0, 0, 10, 10], wanted).loss).toBeCloseTo(value, 6);
  });

  test('iou: -log of 25 / 175, and of next to nothing where boxes do not touch', () => {
    expect(lossOf('iou', [0, 0, 10, 10], [5, 5, 15, 15]).loss).toBeCloseTo(Math.log(7), 5);
    for (const slope of lossOf('iou', [0, 0, 10, 10], [20, 0, 30, 10]).gradient) expect(slope).toBeCloseTo(0, 9);
    expect(lossOf('iou', [0, 0, 10, 10], [20, 0, 30, 10]).loss).toBeCloseTo(-Math.log(1e-6), 3);
  });

  test('a place of weight 0 has neither loss nor gradient, whatever its box; weights multiply', () => {
    expect(lossOf('giou', [0, 0, 10, 10], [0, 0, 0, 0], 0)).toMatchObject({ loss: 0 });
    const [one, half] = [1, 0.5].map((weight) => lossOf('giou', [0, 0, 10, 10], [5, 5, 15, 15], weight));
    expect(half!.loss).toBeCloseTo(one!.loss / 2, 6);
    for (const [i, slope] of one!.gradient.entries()) expect(half!.gradient[i]).toBeCloseTo(slope / 2, 7);
  });

  const cases: [string, number[], number[]][] = [
    ['that overlap at a corner', [0, 0, 10, 10], [5, 4, 15, 16]],
    ['that do not touch', [0, 0, 10, 10], [20, 21, 30, 34]],
    ['apart along one axis alone', [0, 0, 10, 10], [20, 3, 30, 12]],
    ['one inside of the other', [2, 3, 7, 6], [0, 0, 10, 10]],
    ['the other inside of the one', [0, 0, 10, 10], [2, 3, 7, 6]],
  ];

  test.each(
    cases.flatMap(([title, found, wanted]) =>
      (['giou', 'iou'] as const).map((kind) => [kind, title, found, wanted] as const),
    ),
  )('%s, boxes %s: the gradient is that of finite differences', (kind, _, found, wanted) => {
    const { gradient } = lossOf(kind, [...found], [...wanted]);
    const step = 0.02;
    for (let i = 0; i < 4; i++) {
      const moved = (by: number) =>
        lossOf(
          kind,
          found.map((value, at) => (at === i ? value + by : value)),
          [...wanted],
        ).loss;
      expect(gradient[i]).toBeCloseTo((moved(step) - moved(-step)) / (2 * step), 3);
    }
  });

  test('a perfect box stays where it is', () => {
    for (const slope of lossOf('giou', [1, 2, 11, 22], [1, 2, 11, 22]).gradient) expect(slope).toBeCloseTo(0, 7);
  });
});
