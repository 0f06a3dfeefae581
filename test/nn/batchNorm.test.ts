import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { batchNormInference, batchNormTraining, geluBatchNormTraining } from '../../src/nn/ops/batchNorm.js';
import { Random } from '../../src/random.js';
import { useEagerBackend } from '../../src/tensorflow/backend.js';
import { Program } from '../../src/tensorflow/program.js';
import { expectGradient } from '../support/finiteDifferences.js';

beforeAll(() => useEagerBackend());

type T1 = tf.Tensor1D;
type T4 = tf.Tensor4D;
const values = (tensor: tf.Tensor) => [...tensor.dataSync()];

describe('batch normalisation', () => {
  test('running statistics move by the momentum, the variance unbiased', () => {
    const updates: number[][] = [];
    const inputs = {
      x: tf.tensor4d([1, 2, 3, 6], [4, 1, 1, 1]),
      weight: tf.ones([1]) as T1,
      bias: tf.zeros([1]) as T1,
      mean: tf.tensor1d([1]),
      variance: tf.tensor1d([2]),
    };
    const update = (mean: tf.Tensor, variance: tf.Tensor) => updates.push(values(mean), values(variance));
    batchNormTraining(inputs, { epsilon: 1e-5, momentum: 0.1, update });
    expect(updates[0]![0]).toBeCloseTo(0.9 * 1 + 0.1 * 3, 5); // mean 3
    expect(updates[1]![0]).toBeCloseTo(0.9 * 2 + 0.1 * (14 / 3), 5); // squares 4 + 1 + 0 + 9, over n - 1
  });

  test('gradients, training', () =>
    expectGradient(
      (x, weight, bias) =>
        batchNormTraining(
          { x: x as T4, weight: weight as T1, bias: bias as T1, mean: tf.zeros([3]), variance: tf.ones([3]) },
          { epsilon: 1e-3, momentum: 0.1, update: () => {} },
        ),
      [[4, 3, 2, 3], [3], [3]],
    ));
  test('gradients, given statistics', () =>
    expectGradient(
      (x, weight, bias) =>
        batchNormInference(
          {
            x: x as T4,
            weight: weight as T1,
            bias: bias as T1,
            mean: tf.tensor1d([0.1, 0.2, -0.3]),
            variance: tf.tensor1d([1, 2, 0.5]),
          },
          1e-3,
        ),
      [[4, 3, 2, 3], [3], [3]],
    ));

  test('gradients of gelu before it', () =>
    expectGradient(
      (x, weight, bias) =>
        geluBatchNormTraining(
          { x: x as T4, weight: weight as T1, bias: bias as T1, mean: tf.zeros([3]), variance: tf.ones([3]) },
          { epsilon: 1e-3, momentum: 0.1, update: () => {} },
        ),
      [[4, 3, 2, 3], [3], [3]],
    ));
});

// Two implementations: TensorFlow's kernel, which eager operations use, and compiled passes in graphs on a CPU.
describe('in compiled passes', () => {
  const program = new Program({ fuse: true });
  afterAll(() => program.dispose());

  const random = new Random(2);
  const tensor = (shape: number[], offset = 0) => ({
    data: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => random.normal() + offset),
    shape,
  });

  /** Result, statistics, and all gradients of Σ w y. */
  function all(run: typeof batchNormTraining, inputs: Record<string, tf.Tensor>): Record<string, tf.Tensor> {
    const [x, weight, bias] = [inputs.x as T4, inputs.weight as T1, inputs.bias as T1];
    const found: Record<string, tf.Tensor> = {};
    const update = (newMean: tf.Tensor, newVariance: tf.Tensor) =>
      Object.assign(found, { newMean: tf.keep(newMean), newVariance: tf.keep(newVariance) });
    const options = { epsilon: 1e-5, momentum: 0.1, update };
    const normal = () =>
      run({ x, weight, bias, mean: inputs.mean as T1, variance: tf.abs(inputs.variance as T1) }, options);
    const { grads } = tf.valueAndGrads(() => tf.sum<tf.Scalar>(tf.mul(normal(), inputs.towards!)))([x, weight, bias]);
    return { ...found, y: normal(), dx: grads[0]!, dWeight: grads[1]!, dBias: grads[2]! };
  }

  test.each([
    ['plain', batchNormTraining, 0],
    ['after gelu', geluBatchNormTraining, 0],
    ['plain, with a mean far from zero', batchNormTraining, 30],
  ])('%s: as by the kernel', async (_, run, offset) => {
    const inputs = {
      x: tensor([3, 5, 4, 7], offset),
      towards: tensor([3, 5, 4, 7]),
      weight: tensor([7]),
      bias: tensor([7]),
      mean: tensor([7]),
      variance: tensor([7]),
    };
    const traced = await program.compile((given: Record<string, tf.Tensor>) => all(run, given))(inputs);
    const eager = all(
      run,
      Object.fromEntries(Object.entries(inputs).map(([name, { data, shape }]) => [name, tf.tensor(data, shape)])),
    );
    const tolerance = offset === 0 ? 1e-5 : 2e-4; // the kernel loses digits there
    for (const [name, wanted] of Object.entries(eager)) {
      const size = Math.max(...values(wanted).map(Math.abs));
      for (const [i, value] of values(wanted).entries())
        expect(Math.abs(Number(traced[name]!.data[i]) - value), `${name} ${i}`).toBeLessThan(tolerance * size);
    }
  });

  test('a single position: its variance is zero, nothing is divided by zero', async () => {
    const inputs = { x: tensor([1, 1, 1, 2]), towards: tensor([1, 1, 1, 2]) };
    const traced = await program.compile((given: Record<string, tf.Tensor>) =>
      all(batchNormTraining, {
        ...given,
        weight: tf.ones([2]),
        bias: tf.tensor1d([1, 2]),
        mean: tf.zeros([2]),
        variance: tf.ones([2]),
      }),
    )(inputs);
    expect(Array.from(traced.y!.data, Number)).toEqual([1, 2]);
    expect(Array.from(traced.dx!.data, Number)).toEqual([0, 0]);
    for (const value of traced.newVariance!.data) expect(Number(value)).toBeCloseTo(0.9, 6);
  });
});
