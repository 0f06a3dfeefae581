import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { useEagerBackend } from '../../src/tensorflow/backend.js';
import { Program } from '../../src/tensorflow/program.js';
import { InTurn } from '../../src/tensorflow/runOrder.js';

const x = { data: Float32Array.of(0, 0), shape: [2] };
const numbers = (tensor: { data: ArrayLike<unknown> }) => Array.from(tensor.data, Number);

describe('InTurn', () => {
  const program = new Program();
  beforeAll(() => useEagerBackend());
  afterAll(() => program.dispose());

  /** Start of each operation of a type, in microseconds. */
  async function starts(run: (inputs: { x: typeof x }) => Promise<unknown>, type: string): Promise<number[]> {
    const [operations] = await program.profile(() => run({ x }));
    return operations!.filter((operation) => operation.type === type).map(({ startUs }) => startUs);
  }

  test('a repeated computation is not taken for the first one, and comes after what it waits for', async () => {
    const compiled = program.compile(({ x }: Record<'x', tf.Tensor>) => {
      const once = tf.exp(x);
      const last = tf.sqrt(once);
      const [again] = new InTurn().run([last], () => [tf.exp(x)] as const);
      return { last, both: tf.add(once, again) };
    });
    expect(numbers((await compiled({ x })).both)).toEqual([2, 2]);
    const exponentials = await starts(compiled, 'Exp');
    expect(exponentials).toHaveLength(2);
    expect(Math.max(...exponentials)).toBeGreaterThanOrEqual((await starts(compiled, 'Sqrt'))[0]! - 1e5);
  });

  test('pieces wait for one another', async () => {
    const compiled = program.compile(({ x }: Record<'x', tf.Tensor>) => {
      const turn = new InTurn();
      const [sine] = turn.run([], () => [tf.sin(x)] as const);
      const [cosine] = turn.run([], () => [tf.cos(x)] as const);
      return { sum: tf.add(sine, cosine) };
    });
    expect(numbers((await compiled({ x })).sum)).toEqual([1, 1]);
    const [operations] = await program.profile(() => compiled({ x }));
    const at = (type: string) => operations!.find((operation) => operation.type === type)!;
    expect(at('Cos').startUs).toBeGreaterThanOrEqual(at('Sin').startUs + at('Sin').durationUs);
  });

  test('eager: pieces simply run', () => {
    const [y] = new InTurn().run([], () => [tf.square(tf.scalar(3))] as const);
    expect(y.dataSync()[0]).toBe(9);
  });
});
