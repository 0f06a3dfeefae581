import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attention, defaultChunk } from '../../src/models/attention.js';
import { Random } from '../../src/random.js';
import { useEagerBackend } from '../../src/tensorflow/backend.js';
import { Program } from '../../src/tensorflow/program.js';
import { expectGradient } from '../support/finiteDifferences.js';

beforeAll(() => useEagerBackend());

type Inputs = [query: tf.Tensor4D, key: tf.Tensor4D, value: tf.Tensor4D, bias: tf.Tensor3D];
const shapes = [
  [2, 3, 7, 4],
  [2, 3, 5, 4],
  [2, 3, 5, 4],
  [3, 7, 5],
];
const names = ['query', 'key', 'value', 'bias'];

const host = (() => {
  const random = new Random(5);
  return shapes.map((shape) => ({
    data: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => random.normal()),
    shape,
  }));
})();

/** Output and all gradients of Σ output². */
function all(inputs: tf.Tensor[], chunk: number): Record<string, tf.Tensor> {
  const run = (...tensors: tf.Tensor[]) => attention(...(tensors as Inputs), chunk);
  const { grads } = tf.valueAndGrads((...tensors) => tf.sum<tf.Scalar>(tf.square(run(...tensors))))(inputs);
  return { output: run(...inputs), ...Object.fromEntries(names.map((name, i) => [name, grads[i]!])) };
}

describe('attention', () => {
  const program = new Program();
  afterAll(() => program.dispose());

  test('two queries, two keys: by hand', () => {
    const query = tf.tensor4d([1, 0, 0, 2], [1, 1, 2, 2]);
    const key = tf.tensor4d([Math.log(3), 0, 0, 0], [1, 1, 2, 2]); // logits: ln 3 and 0; 0 and 0
    const value = tf.tensor4d([4, 8], [1, 1, 2, 1]);
    const bias = tf.tensor3d([0, 0, Math.log(7), 0], [1, 2, 2]); // the second query: ln 7 and 0
    const mixed = attention(query, key, value, bias, 2).dataSync();
    expect(mixed[0]).toBeCloseTo(0.75 * 4 + 0.25 * 8, 5);
    expect(mixed[1]).toBeCloseTo((7 / 8) * 4 + (1 / 8) * 8, 5);
  });

  test.each([7, 3, 1])('gradients, %i queries at a time', (chunk) => {
    expectGradient((...inputs) => attention(...(inputs as Inputs), chunk), shapes);
  });

  test('gradients without a bias', () => {
    const run = (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor) =>
      attention(q as tf.Tensor4D, k as tf.Tensor4D, v as tf.Tensor4D, null, 3);
    expectGradient(run as (...inputs: tf.Tensor[]) => tf.Tensor, shapes.slice(0, 3));
  });

  test('in chunks as in one, eager as traced', async () => {
    const whole = all(
      host.map(({ data, shape }) => tf.tensor(data, shape)),
      100,
    );
    const fed = Object.fromEntries(names.map((name, i) => [name, host[i]!]));
    for (const chunk of [100, 3, 1]) {
      const traced = await program.compile((inputs: Record<string, tf.Tensor>) =>
        all(
          names.map((name) => inputs[name]!),
          chunk,
        ),
      )(fed);
      for (const [name, tensor] of Object.entries(whole)) {
        const wanted = tensor.dataSync();
        const found = traced[name]!.data as Float32Array;
        for (const [i, value] of wanted.entries()) expect(found[i], `${name}, chunk ${chunk}`).toBeCloseTo(value, 4);
      }
    }
  });

  test('the default keeps a picture of 224 whole, and cuts 800 × 1344', () => {
    expect(defaultChunk(8, 1, 49)).toBeGreaterThan(56 * 56);
    expect(defaultChunk(1, 1, 25 * 42)).toBeLessThan((200 * 336) / 4);
  });
});
