/** First values of weights. */
import type { Random } from '../random.js';
import { sizeOf } from '../tensorflow/hostTensor.js';

export type Initializer = (shape: readonly number[], random: Random) => Float32Array;

/** The same number everywhere. */
export const constant =
  (value: number): Initializer =>
  (shape) =>
    new Float32Array(sizeOf(shape)).fill(value);

export const zeros = constant(0);
export const ones = constant(1);

export const normal =
  (deviation: number): Initializer =>
  (shape, random) =>
    Float32Array.from({ length: sizeOf(shape) }, () => random.normal(0, deviation));

/** Normal numbers, drawn again while beyond ±2 (not ±2 deviations), as timm's `trunc_normal_` with its default bounds. */
export const truncatedNormal =
  (deviation: number): Initializer =>
  (shape, random) =>
    Float32Array.from({ length: sizeOf(shape) }, () => {
      for (;;) {
        const value = random.normal(0, deviation);
        if (Math.abs(value) <= 2) return value;
      }
    });

/**
 * Normal with variance 2 / fan-out, for convolutions before a rectifier.
 *
 * Source: He et al., "Delving Deep into Rectifiers" (2015), §2.2, backward case.
 *
 * @param fanOut output channels × kernel area
 */
export const kaimingNormal = (fanOut: number): Initializer => normal(Math.sqrt(2 / fanOut));

/** Uniform in ±√(6 / (fan-in + fan-out)). Source: Glorot and Bengio (2010), §4.2.1. */
export const xavierUniform =
  (fanIn: number, fanOut: number): Initializer =>
  (shape, random) => {
    const bound = Math.sqrt(6 / (fanIn + fanOut));
    return Float32Array.from({ length: sizeOf(shape) }, () => random.uniform(-bound, bound));
  };
