import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { CmtBlock } from '../../src/models/backbones/cmt.js';
import { rowsOf } from '../../src/models/backbones/positionBias/positionBias.js';
import { type ForwardContext, type Parameter, seedParameters } from '../../src/nn/module.js';
import { recompute } from '../../src/nn/ops/recompute.js';
import { Random } from '../../src/random.js';
import { useEagerBackend } from '../../src/tensorflow/backend.js';
import { Program } from '../../src/tensorflow/program.js';
import { randomTensor } from '../support/finiteDifferences.js';
import { trainingContext } from '../support/trainingContext.js';

beforeAll(() => useEagerBackend());

/** Drops the second of two samples: 0.5 + u < 1. */
const drops = (shape: readonly number[]) => tf.tensor([0.9, 0.2], [...shape]);

describe('recompute', () => {
  const program = new Program();
  afterAll(() => program.dispose());

  const x = { data: randomTensor([2, 4, 4, 8], new Random(3)).dataSync<'float32'>().slice(), shape: [2, 4, 4, 8] };
  const bias = { data: randomTensor([2, 16, 4], new Random(4)).dataSync<'float32'>().slice(), shape: [2, 16, 4] };
  let block: CmtBlock;
  let weights: Parameter[];
  let draws: number;
  let ctx: ForwardContext;

  beforeEach(() => {
    block = new CmtBlock(8, 2, 2, 2, 0.5);
    seedParameters(block, 7);
    weights = [...block.parameters()].map(([, parameter]) => parameter).filter(({ kind }) => kind === 'weight');
    draws = 0;
    ctx = trainingContext((shape) => {
      draws++;
      return drops(shape);
    });
  });

  const forward = (x: tf.Tensor, bias: tf.Tensor, ctx: ForwardContext) =>
    block.forward(x as tf.Tensor4D, rowsOf(bias as tf.Tensor3D, [4, 4]), ctx);
  const plain = (x: tf.Tensor, bias: tf.Tensor) => forward(x, bias, ctx);
  const again = (x: tf.Tensor, bias: tf.Tensor) =>
    recompute([x, bias] as const, ctx, (ctx, x, bias) => forward(x, bias, ctx), {
      weights: weights.map((weight) => weight.read()),
    });

  /** Σ y², and its gradients by input and weight. */
  function slopes(run: typeof plain, x: tf.Tensor, bias: tf.Tensor): tf.Tensor[] {
    const inputs = [x, bias, ...weights.map((weight) => weight.read())];
    const { value, grads } = tf.valueAndGrads(() => tf.sum<tf.Scalar>(tf.square(run(x, bias))))(inputs);
    return [value, ...grads];
  }

  function expectClose(found: ArrayLike<number>, wanted: ArrayLike<number>, what: string): void {
    const size = Math.max(...Array.from(wanted, Math.abs), 0.1);
    expect(found.length).toBe(wanted.length);
    for (let i = 0; i < wanted.length; i++)
      expect(Math.abs(found[i]! - wanted[i]!), `${what}, number ${i}`).toBeLessThan(1e-4 * size);
  }

  test('eager: value, gradients and statistics of a block; each random number drawn once', () => {
    const [a, b] = [tf.tensor(x.data, x.shape), tf.tensor(bias.data, bias.shape)];
    const wanted = slopes(plain, a, b).map((tensor) => tensor.dataSync());
    const drawn = draws;
    const statistic = block.irffn.projectNorm.mean.value.slice();
    block.irffn.projectNorm.mean.value = new Float32Array(8);
    const found = slopes(again, a, b).map((tensor) => tensor.dataSync());
    expect(draws).toBe(2 * drawn);
    for (const [i, values] of wanted.entries()) expectClose(found[i]!, values, `gradient ${i}`);
    expectClose(block.irffn.projectNorm.mean.value, statistic, 'mean');
  });

  test('traced: as eager, and the statistics are updated once a run', async () => {
    const named = (tensors: tf.Tensor[]) => Object.fromEntries(tensors.map((tensor, i) => [`t${i}`, tensor]));
    const eager = slopes(plain, tf.tensor(x.data, x.shape), tf.tensor(bias.data, bias.shape));
    const statistic = block.irffn.localNorm.mean.value.slice();
    block.irffn.localNorm.mean.value = new Float32Array(statistic.length);
    const found = await program.compile(({ x, bias }) => named(slopes(again, x!, bias!)))({ x, bias });
    for (const [i, tensor] of eager.entries())
      expectClose(found[`t${i}`]!.data as Float32Array, tensor.dataSync(), `gradient ${i}`);
    await program.pull([block.irffn.localNorm.mean]);
    expectClose(block.irffn.localNorm.mean.value, statistic, 'mean');
  });

  test('an input that the result does not depend on has the gradient zero', () => {
    const grad = tf.grads((a, b) => recompute([a, b] as const, ctx, (_, a) => tf.square(a)));
    const [first, second] = grad([tf.tensor1d([3, 4]), tf.tensor1d([5])]);
    expect([...first!.dataSync()]).toEqual([6, 8]);
    expect([...second!.dataSync()]).toEqual([0]);
  });
});
