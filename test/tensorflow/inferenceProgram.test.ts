import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { useEagerBackend } from '../../src/tensorflow/backend.js';
import { InferenceProgram } from '../../src/tensorflow/inferenceProgram.js';
import { Program } from '../../src/tensorflow/program.js';
import { Variable } from '../../src/tensorflow/variable.js';

const vector = (...values: number[]) => ({ data: Float32Array.from(values), shape: [values.length] });
const numbers = (tensor: { data: ArrayLike<unknown> }) => Array.from(tensor.data, Number);

describe('InferenceProgram', () => {
  const program = new InferenceProgram();
  beforeAll(() => useEagerBackend());
  afterAll(() => program.dispose());

  test('reads a variable as it was at the trace, and anew after refresh', async () => {
    const weight = new Variable([2], () => Float32Array.of(2, 3));
    const scaled = program.compile(({ x }) => ({ y: tf.mul(x, weight.read()) }));
    expect(numbers((await scaled({ x: vector(1, 10) })).y)).toEqual([2, 30]);
    weight.value = Float32Array.of(5, 7);
    expect(numbers((await scaled({ x: vector(1, 10) })).y)).toEqual([2, 30]);
    await program.refresh();
    expect(numbers((await scaled({ x: vector(1, 10) })).y)).toEqual([5, 70]);
  });

  test('refresh lets a run that is under way end', async () => {
    const double = program.compile(({ x }) => ({ y: tf.mul(x, 2) }));
    const running = double({ x: vector(4) });
    await program.refresh();
    expect(numbers((await running).y)).toEqual([8]);
  });

  test('assignment is refused', async () => {
    const constant = new Program({ constantVariables: true });
    const weight = new Variable([1]);
    const assign = constant.compile(({ x }) => {
      weight.assign(x);
      return { x };
    });
    await expect(assign({ x: vector(1) })).rejects.toThrow('can be read only');
    await constant.dispose();
  });
});
