import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { constant } from '../../src/nn/init.js';
import { Module, Parameter } from '../../src/nn/module.js';
import { meanLoss, ValidationLoss } from '../../src/train/validationLoss.js';

class Factor extends Module {
  readonly w = new Parameter([], constant(2));
}

test('the mean over pictures: batches count by their distinct ones, and weights are those of the moment', async () => {
  const model = new Factor();
  const record = ({ x }: Readonly<Record<string, tf.Tensor>>) => ({
    near: tf.mul(tf.mean<tf.Scalar>(x!), model.w.read()) as tf.Scalar,
    far: tf.scalar(1),
  });
  const loss = new ValidationLoss(model, record, {});
  async function* batches() {
    yield { x: [1, 3], distinct: 2 };
    yield { x: [5, 5], distinct: 1 }; // the second one fills it up
  }
  const feed = ({ x }: { readonly x: readonly number[] }) => ({ x: { data: Float32Array.from(x), shape: [2] } });
  expect(await loss.measure(batches(), feed)).toEqual({ sum: 2 * (2 * 2 + 1) + (2 * 5 + 1), count: 3 });
  model.w.value = Float32Array.of(0);
  expect(await loss.measure(batches(), feed)).toEqual({ sum: 3, count: 3 });
  await loss.dispose();
});

test('of several workers: the mean of all pictures; null of none', () => {
  expect(
    meanLoss([
      { sum: 6, count: 3 },
      { sum: 4, count: 1 },
    ]),
  ).toBe(2.5);
  expect(meanLoss([{ sum: 0, count: 0 }])).toBe(null);
});
