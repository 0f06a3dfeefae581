/** A trial of compiled chains (`fuse.ts`): they rely on a compiler inside of TensorFlow, which not every machine need suit. */
import * as tf from '@tensorflow/tfjs-core';
import { EngineError } from '../errors.js';
import { fuse, fuses } from './fuse.js';
import type { Program } from './program.js';

/** Large enough to be compiled wherever chains are at all. */
const size = 2 ** 16;

/**
 * Runs a chain, and looks at its numbers.
 *
 * @returns false where the program compiles no chains
 * @throws EngineError when compiling fails, or the numbers are wrong
 */
export async function tryCompiledChains(program: Program): Promise<boolean> {
  let compiles = false;
  const trial = program.compile(({ x }: Record<'x', tf.Tensor>) => {
    compiles = fuses(size);
    const [square, difference] = fuse('trial', [x] as const, (x) => [tf.square(tf.add(x, 1)), tf.sub(x, 2)] as const);
    return { square, difference };
  });
  const data = Float32Array.from({ length: size }, (_, i) => i % 1024); // integers, whose results are exact
  const { square, difference } = await trial({ x: { data, shape: [size] } });
  const wrong = data.findIndex((x, i) => square.data[i] !== (x + 1) ** 2 || difference.data[i] !== x - 2);
  if (wrong >= 0)
    throw new EngineError(
      `x = ${data[wrong]}: (x + 1)² came out as ${square.data[wrong]}, x - 2 as ${difference.data[wrong]}`,
    );
  return compiles;
}
