import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { parseConfig } from '../../src/config/load.js';
import { UsageError } from '../../src/errors.js';
import { useEagerBackend } from '../../src/tensorflow/backend.js';
import { estimateStatistics } from '../../src/train/preciseStatistics.js';
import { ToyTask } from '../support/toyTask.js';

const text =
  '{ task: classification, model: { backbone: { name: cmt, variant: cmt_ti } }, data: { train: x }, engine: { fuse: none } }';
const config = parseConfig(text, 'test');

/** Mean and unbiased variance of what reaches the normalisation in the first batches, channel by channel, by their definition. */
async function byHand(task: ToyTask, batches: number): Promise<{ mean: number[]; variance: number[] }> {
  useEagerBackend();
  const rows: number[][] = [];
  for await (const { x } of task.batches(0, 0)) {
    if (rows.length === batches * 72) break;
    const seen = task.model.conv.forward(tf.tensor4d(x, [2, 6, 6, 1]));
    rows.push(...(tf.reshape(seen, [72, 4]).arraySync() as number[][]));
  }
  const of = (c: number) => rows.map((row) => row[c]!);
  const meanOf = (all: number[]) => all.reduce((sum, one) => sum + one, 0) / all.length;
  const mean = [0, 1, 2, 3].map((c) => meanOf(of(c)));
  const variance = mean.map((m, c) => of(c).reduce((sum, one) => sum + (one - m) ** 2, 0) / (rows.length - 1));
  return { mean, variance };
}

test.each([
  ['of the first 3 batches', 3, 3],
  ['of a whole epoch, where more are asked for', 100, 4],
])('statistics are those of all numbers together: %s; weights stay', async (_, asked, used) => {
  const task = new ToyTask();
  const values = new Map([...task.model.parameters()].map(([name, { value }]) => [name, value.slice()]));
  values.set('norm.mean', Float32Array.of(5, 6, 7, 8)); // of other weights, long ago
  const progress: number[] = [];
  const onProgress = (done: number, total: number) => progress.push(done, total);
  const estimated = await estimateStatistics(task, values, { config, batches: asked, onProgress });
  const { mean, variance } = await byHand(task, used);
  for (const [c, value] of mean.entries()) expect(estimated.get('norm.mean')![c]).toBeCloseTo(value, 5);
  for (const [c, value] of variance.entries()) expect(estimated.get('norm.variance')![c]).toBeCloseTo(value, 5);
  expect(estimated.get('conv.weight')).toBe(values.get('conv.weight'));
  expect(progress.slice(-2)).toEqual([used, used]);
});

test('frozen statistics: there is nothing to estimate', async () => {
  const task = new ToyTask();
  task.model.norm.frozen = true;
  await expect(estimateStatistics(task, new Map(), { config, batches: 1 })).rejects.toThrow(UsageError);
});
