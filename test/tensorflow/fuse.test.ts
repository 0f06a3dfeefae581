import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { useEagerBackend } from '../../src/tensorflow/backend.js';
import { fuse } from '../../src/tensorflow/fuse.js';
import { Program } from '../../src/tensorflow/program.js';

const vector = (...values: number[]) => ({ data: Float32Array.from(values), shape: [values.length] });
const numbers = (tensor: { data: ArrayLike<unknown> }) => Array.from(tensor.data, Number);

/** x² + y and x - y. */
const both = (x: tf.Tensor, y: tf.Tensor) =>
  fuse('testBoth', [x, y] as const, (x, y) => [tf.add(tf.square(x), y), tf.sub(x, y)] as const);

describe('fuse', () => {
  const program = new Program({ fuse: true });
  const plain = new Program({ fuse: false });
  beforeAll(() => useEagerBackend());
  afterAll(async () => {
    await program.dispose();
    await plain.dispose();
  });

  const inputs = { x: vector(1, 2, 3), y: vector(10, 20, 30) };
  const wanted = { sum: [11, 24, 39], difference: [-9, -18, -27] };
  const fn = ({ x, y }: Record<'x' | 'y', tf.Tensor>) => {
    const [sum, difference] = both(x, y);
    return { sum, difference };
  };

  test('eager: the body is simply run', () => {
    const [sum, difference] = both(tf.tensor1d([1, 2, 3]), tf.tensor1d([10, 20, 30]));
    expect([...sum.dataSync()]).toEqual(wanted.sum);
    expect([...difference.dataSync()]).toEqual(wanted.difference);
  });

  test.each([
    ['fusing', program, 1],
    ['plain', plain, 0],
  ])('%s graph: the same values', async (_, program, calls) => {
    const compiled = program.compile(fn);
    const results = await compiled(inputs);
    expect(numbers(results.sum)).toEqual(wanted.sum);
    expect(numbers(results.difference)).toEqual(wanted.difference);
    const [operations] = await program.profile(() => compiled(inputs));
    expect(operations!.filter(({ type }) => type === 'PartitionedCall')).toHaveLength(calls);
  });

  test('a body that reaches for a tensor from outside is told so', async () => {
    const compiled = program.compile(({ x }: Record<'x', tf.Tensor>) => ({
      y: fuse('testOutside', [x] as const, (_) => [tf.add(x, 1)])[0]!,
    }));
    await expect(compiled({ x: vector(1) })).rejects.toThrow('from outside');
  });

  test('after an error in a body the next trace works', async () => {
    const compiled = program.compile(({ x }: Record<'x', tf.Tensor>) => ({
      y: fuse('testAfter', [x] as const, (x) => [tf.add(x, 1)])[0]!,
    }));
    expect(numbers((await compiled({ x: vector(1) })).y)).toEqual([2]);
  });
});
