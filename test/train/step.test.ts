import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseConfig } from '../../src/config/load.js';
import { useEagerBackend } from '../../src/tensorflow/backend.js';
import { Program } from '../../src/tensorflow/program.js';
import { type StepResult, TrainStep } from '../../src/train/step.js';
import { Weights } from '../../src/train/weights.js';
import { ToyTask } from '../support/toyTask.js';

const { optimizer } = parseConfig(
  '{ task: classification, model: { backbone: { name: cmt, variant: cmt_ti } }, data: { train: x } }',
  'test',
).train;

interface Outcome {
  readonly results: readonly StepResult<string>[];
  /** All variables by name, after the last batch. */
  readonly values: Readonly<Record<string, number[]>>;
}

/** Runs batches of a toy at the given loss scales, one a batch. */
async function run(scales: readonly (number | null)[], accumulate = 1): Promise<Outcome> {
  const task = new ToyTask({ batches: scales.length });
  const weights = new Weights(task.model, optimizer, 0.9);
  const program = new Program();
  const step = new TrainStep(program, {
    parameters: weights.parameters,
    loss: (batch: Record<string, tf.Tensor>, ctx) => task.loss(batch, ctx),
    optimizer: weights.optimizer,
    clipNorm: 0.1,
    accumulate,
    ema: weights.ema,
    seed: 1,
  });
  const results: StepResult<string>[] = [];
  for await (const batch of task.batches(0, 0)) {
    const done = results.length;
    const update = (done + 1) % accumulate === 0;
    const t = 1 + Math.floor(done / accumulate);
    results.push(
      await step.run(task.feed(batch), { learningRate: 0.01, t, draw: done, update, lossScale: scales[done]! }),
    );
  }
  await program.pull([...weights.all()].map(([, variable]) => variable));
  await program.dispose();
  return { results, values: Object.fromEntries([...weights.all()].map(([name, { value }]) => [name, [...value]])) };
}

describe('loss scaling', () => {
  beforeAll(() => useEagerBackend());

  test.each([1, 2 ** 16, 2 ** 60, 2 ** -10])(
    'scale %d: losses, norms and all variables to the last bit',
    async (scale) => {
      expect(await run([scale, scale, scale])).toEqual(await run([null, null, null]));
    },
  );

  test('a gradient that is too small on its way to the weights survives where the loss is scaled', async () => {
    const { model } = new ToyTask();
    const { weight } = model.norm;
    const program = new Program();
    const step = new TrainStep(program, {
      parameters: [['weight', weight]],
      // Backwards: 1 → 1e-25 → 1e-50, which is 0 in float32 → 0. Scaled by 2^60: 1e18 → 1e-7 → 1e-32 → 1e3, which divided is 1e-15.
      loss: ({ small, large }: Record<'small' | 'large', tf.Tensor>) => ({
        sum: tf.sum<tf.Scalar>(tf.mul(tf.mul(tf.mul(weight.read(), large), small), small)),
      }),
      optimizer: new Weights(model, optimizer, null).optimizer,
      clipNorm: null,
      accumulate: 1,
      ema: null,
      seed: 1,
    });
    const scalar = (value: number) => ({ data: Float32Array.of(value), shape: [] });
    const batch = { small: scalar(1e-25), large: scalar(1e35) };
    const first = { learningRate: 0.01, t: 1, draw: 0 };
    expect(await step.run(batch, first)).toMatchObject({ gradientNorm: 0 });
    const { gradientNorm } = await step.run(batch, { ...first, lossScale: 2 ** 60 });
    expect(gradientNorm * 1e15).toBeCloseTo(2, 4); // four channels with 1e-15 each
    await program.dispose();
  });

  test('accumulation: the scale may change inside a group', async () => {
    expect(await run([1, 1024, 65536, 2], 2)).toEqual(await run([null, null, null, null], 2));
  });

  test('accumulation: the mean is that of the batches that were finite', async () => {
    const { model } = new ToyTask();
    const { weight } = model.norm; // four channels
    const program = new Program();
    const step = new TrainStep(program, {
      parameters: [['weight', weight]],
      loss: ({ x }: Record<'x', tf.Tensor>) => ({ sum: tf.sum<tf.Scalar>(tf.mul(weight.read(), x)) }),
      optimizer: new Weights(model, optimizer, null).optimizer,
      clipNorm: null,
      accumulate: 3,
      ema: null,
      seed: 1,
    });
    /** Length of the mean gradient of a group of three batches with these gradients in each channel. */
    const normOf = async (gradients: readonly number[]) => {
      const norms: number[] = [];
      for (const [i, gradient] of gradients.entries()) {
        const x = { data: Float32Array.of(gradient), shape: [] };
        norms.push((await step.run({ x }, { learningRate: 0, t: 1, draw: 0, update: i === 2 })).gradientNorm);
      }
      return norms[2];
    };
    expect(await normOf([1, 2, 3])).toBe(4);
    expect(await normOf([Number.POSITIVE_INFINITY, 1, 4])).toBe(5);
    expect(await normOf([1, Number.POSITIVE_INFINITY, 4])).toBe(5);
    expect(await normOf([Number.NaN, Number.NaN, 4])).toBe(8);
    expect(await normOf([1, 2, 3])).toBe(4);
    await program.dispose();
  });

  test('a scale that is too large: not finite, and nothing changes', async () => {
    const tooLarge = await run([2 ** 127 * 1.5]);
    expect(tooLarge.results[0]).toMatchObject({ finite: false });
    const { values } = tooLarge;
    for (const [name, value] of Object.entries(values).filter(([name]) => name.startsWith('optimizer/')))
      expect(value, name).toEqual(value.map(() => 0));
    for (const [name, value] of Object.entries(values).filter(([name]) => name.startsWith('ema/')))
      expect(values[name.replace('ema/', 'model/')], name).toEqual(value);
  });
});
