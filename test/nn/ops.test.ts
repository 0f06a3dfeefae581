import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { inference } from '../../src/nn/module.js';
import { gelu, relu, silu } from '../../src/nn/ops/activation.js';
import { conv2d, depthwiseConv2d } from '../../src/nn/ops/convolution.js';
import { dropPath } from '../../src/nn/ops/drop.js';
import { gatherRows } from '../../src/nn/ops/gather.js';
import { biasAdd, linear, matMul2d } from '../../src/nn/ops/linear.js';
import { groupNorm, layerNorm } from '../../src/nn/ops/normalisation.js';
import { resizeNearest } from '../../src/nn/ops/resize.js';
import { addWhole, divideWhole } from '../../src/nn/ops/wholeNumbers.js';
import { useEagerBackend } from '../../src/tensorflow/backend.js';
import { expectGradient } from '../support/finiteDifferences.js';
import { trainingContext } from '../support/trainingContext.js';

beforeAll(() => useEagerBackend());

type T1 = tf.Tensor1D;
type T2 = tf.Tensor2D;
type T4 = tf.Tensor4D;
const values = (tensor: tf.Tensor) => [...tensor.dataSync()];

describe('values', () => {
  // erf in 64 bits, to 15 digits
  test.each([
    [-3, -0.00404969409489031],
    [-1, -0.158655253931457],
    [-0.5, -0.154268769362993],
    [0.5, 0.345731230637007],
    [1, 0.841344746068543],
    [3, 2.99595030590511],
  ])('gelu(%f)', (x, wanted) => {
    expect(values(gelu(tf.scalar(x)))[0]).toBeCloseTo(wanted, 6);
  });

  test('conv2d, stride 2 and padding 1: one column and row of zeros on each side, as PyTorch', () => {
    const x = tf.tensor4d([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16], [1, 4, 4, 1]);
    const y = conv2d(x, tf.ones([3, 3, 1, 1]) as T4, { stride: 2, padding: 1 });
    expect(values(y)).toEqual([
      1 + 2 + 5 + 6,
      2 + 3 + 4 + 6 + 7 + 8,
      5 + 6 + 9 + 10 + 13 + 14,
      6 + 7 + 8 + 10 + 11 + 12 + 14 + 15 + 16,
    ]);
  });

  test('layerNorm: [1, 3] has deviation 1', () => {
    const y = layerNorm(tf.tensor2d([1, 3], [1, 2]), tf.tensor1d([2, 2]), tf.tensor1d([0.5, 0.5]), 0);
    expect(values(y)).toEqual([-1.5, 2.5]);
  });

  test('resizeNearest: 4 → 7 picks 0 0 1 1 2 2 3', () => {
    const y = resizeNearest(tf.tensor4d([0, 1, 2, 3], [1, 1, 4, 1]), 1, 7);
    expect(values(y)).toEqual([0, 0, 1, 1, 2, 2, 3]);
  });

  test('gatherRows', () => {
    expect(values(gatherRows(tf.tensor2d([1, 2, 3, 4], [2, 2]), tf.tensor1d([1, 0, 1], 'int32')))).toEqual([
      3, 4, 1, 2, 3, 4,
    ]);
  });

  test('gatherRows with indices in rows', () => {
    const rows = tf.tensor2d([1, 0], [2, 1], 'int32');
    expect(gatherRows<tf.Tensor>(tf.tensor2d([1, 2, 3, 4], [2, 2]), rows).shape).toEqual([2, 1, 2]);
  });

  test('whole numbers: beyond the 2²⁴ that 32-bit floats count to; quotients round down', () => {
    const large = tf.tensor1d([2 ** 24 + 1, -7], 'int32');
    expect(values(addWhole(large, tf.tensor2d([2, 3], [2, 1], 'int32')))).toEqual([2 ** 24 + 3, -5, 2 ** 24 + 4, -4]);
    expect(values(divideWhole(large, tf.scalar(2, 'int32')))).toEqual([2 ** 23, -4]);
  });

  test('dropPath: whole samples, scaled to keep the mean; nothing in inference', () => {
    const x = tf.ones([4, 2]);
    const uniform = () => tf.tensor2d([0.1, 0.3, 0.2, 0.9], [4, 1]); // kept where 0.75 + u ≥ 1
    expect(values(dropPath(x, 0.25, trainingContext(uniform)))).toEqual(
      [0, 0, 4 / 3, 4 / 3, 0, 0, 4 / 3, 4 / 3].map(Math.fround),
    );
    expect(dropPath(x, 0.25, inference)).toBe(x);
  });
});

describe('gradients against finite differences', () => {
  test('gelu', () => expectGradient((x) => gelu(x!), [[3, 5]]));
  test('silu', () => expectGradient((x) => silu(x!), [[3, 5]]));
  test('relu', () => expectGradient((x) => relu(x!), [[3, 5]]));
  test('matMul2d', () =>
    expectGradient(
      (x, w) => matMul2d(x as T2, w as T2),
      [
        [3, 4],
        [4, 2],
      ],
    ));
  test('linear', () => expectGradient((x, w, b) => linear(x!, w as T2, b as T1), [[2, 3, 4], [4, 2], [2]]));
  test('biasAdd', () => expectGradient((x, b) => biasAdd(x!, b as T1), [[2, 3, 4], [4]]));
  test.each([
    [1, 0],
    [1, 1],
    [2, 0],
    [2, 1],
  ])('conv2d, stride %i, padding %i', (stride, padding) =>
    expectGradient(
      (x, w) => conv2d(x as T4, w as T4, { stride, padding }),
      [
        [2, 6, 5, 2],
        [3, 3, 2, 3],
      ],
    ),
  );
  test.each([
    [1, 1, 3],
    [2, 0, 2],
  ])('depthwiseConv2d, stride %i, padding %i, kernel %i', (stride, padding, kernel) =>
    expectGradient(
      (x, w) => depthwiseConv2d(x as T4, w as T4, { stride, padding }),
      [
        [2, 6, 4, 3],
        [kernel, kernel, 3, 1],
      ],
    ),
  );
  test('layerNorm', () => expectGradient((x, w, b) => layerNorm(x as T2, w as T1, b as T1, 1e-6), [[4, 6], [6], [6]]));
  test('groupNorm', () =>
    expectGradient((x, w, b) => groupNorm(x as T4, w as T1, b as T1, 2, 1e-5), [[2, 3, 2, 4], [4], [4]]));
  test.each([
    [4, 6], // tiles of 2 x 2
    [2, 9], // of 1 x 3
    [3, 7], // of different sizes
  ])('resizeNearest from 2 x 3 to %d x %d', (height, width) =>
    expectGradient((x) => resizeNearest(x as T4, height, width), [[1, 2, 3, 2]]),
  );
});
