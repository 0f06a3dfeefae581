import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import { Random } from '../../src/random.js';

/** Numbers of a shape, away from zero, where some operations have a corner. */
export function randomTensor(shape: number[], random: Random): tf.Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  const values = Float32Array.from({ length: size }, () => {
    const value = random.normal();
    return Math.abs(value) < 0.1 ? value + 0.3 : value;
  });
  return tf.tensor(values, shape);
}

/**
 * Holds the gradient of Σ w · f(inputs), w random, to central differences along random directions: one number an input.
 *
 * @param tolerance relative to the larger of the slope and 1
 */
export function expectGradient(f: (...inputs: tf.Tensor[]) => tf.Tensor, shapes: number[][], tolerance = 1e-3): void {
  const random = new Random(11);
  tf.tidy(() => {
    const inputs = shapes.map((shape) => randomTensor(shape, random));
    const weight = randomTensor(f(...inputs).shape, random);
    const loss = (...values: tf.Tensor[]) => tf.sum<tf.Scalar>(tf.mul(f(...values), weight));
    const { grads } = tf.valueAndGrads(loss)(inputs);
    for (const [i, input] of inputs.entries()) {
      expect(grads[i]!.shape).toEqual(input.shape);
      const direction = randomTensor(input.shape, random);
      const step = 1e-2;
      const at = (t: number) =>
        loss(...inputs.map((value, j) => (i === j ? tf.add(value, tf.mul(direction, t)) : value))).dataSync()[0]!;
      const wanted = (at(step) - at(-step)) / (2 * step);
      const found = tf.sum(tf.mul(grads[i]!, direction)).dataSync()[0]!;
      expect(Math.abs(found - wanted), `input ${i}: ${found} against ${wanted}`).toBeLessThan(
        tolerance * Math.max(1, Math.abs(wanted)) * 5,
      );
    }
  });
}
