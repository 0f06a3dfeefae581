import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { useEagerBackend } from '../../src/tensorflow/backend.js';
import { fuse } from '../../src/tensorflow/fuse.js';
import { Graph } from '../../src/tensorflow/graph.js';
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

  test('constants reach the body, and each set of them is compiled by itself', async () => {
    const scaled = (x: tf.Tensor, factor: number) =>
      fuse('testScaled', [x] as const, (x, { factor }) => [tf.mul(x, factor)], { factor })[0]!;
    const compiled = program.compile(({ x }: Record<'x', tf.Tensor>) => ({ two: scaled(x, 2), three: scaled(x, 3) }));
    const { two, three } = await compiled({ x: vector(1, 10) });
    expect([numbers(two), numbers(three)]).toEqual([
      [2, 20],
      [3, 30],
    ]);
  });

  test('a number that is neither input nor constant: found where functions are compared', async () => {
    const captured = (x: tf.Tensor, factor: number) =>
      fuse('testCaptured', [x] as const, (x) => [tf.mul(x, factor)])[0]!;
    const both = ({ x }: Record<'x', tf.Tensor>) => ({ two: captured(x, 2), three: captured(x, 3) });
    Graph.comparesFunctions = true;
    try {
      const comparing = new Program({ fuse: true });
      await expect(comparing.compile(both)({ x: vector(1) })).rejects.toThrow(
        'two different functions are called testCaptured_1',
      );
      await comparing.dispose();
    } finally {
      Graph.comparesFunctions = false;
    }
  });

  test('after an error in a body the next trace works', async () => {
    const compiled = program.compile(({ x }: Record<'x', tf.Tensor>) => ({
      y: fuse('testAfter', [x] as const, (x) => [tf.add(x, 1)])[0]!,
    }));
    expect(numbers((await compiled({ x: vector(1) })).y)).toEqual([2]);
  });
});
