import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eraseWithNoise, mixHalves } from '../../src/models/mixedInput.js';
import { Random } from '../../src/random.js';
import { useEagerBackend } from '../../src/tensorflow/backend.js';
import { Program } from '../../src/tensorflow/program.js';
import { expectMean, expectShare } from '../support/statistics.js';
import { trainingContext } from '../support/trainingContext.js';

const program = new Program();
beforeAll(() => useEagerBackend());
afterAll(() => program.dispose());

/** Uniform numbers from our own generator. */
const random = new Random(1);
const ctx = trainingContext((shape) =>
  tf.tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => random.next()),
    [...shape],
  ),
);

/** Picture i has the value 10 i + row + column / 10 in all channels. */
function pictures(batch: number, height: number, width: number): Float32Array {
  const value = (i: number, y: number, x: number) => 10 * i + y + x / 10;
  return Float32Array.from({ length: batch * height * width * 3 }, (_, at) => {
    const pixel = Math.floor(at / 3);
    return value(Math.floor(pixel / height / width), Math.floor(pixel / width) % height, pixel % width);
  });
}

describe('mixHalves', () => {
  const [batch, height, width] = [4, 3, 5];
  const data = pictures(batch, height, width);
  const size = height * width * 3;
  /** The definition, value by value. */
  const expected = (blend: number[], cut: number[][]) =>
    Array.from(data, (own, at) => {
      const i = Math.floor(at / size);
      const pixel = Math.floor((at % size) / 3);
      const [y, x] = [Math.floor(pixel / width), pixel % width];
      const partner = data[((i + 2) % batch) * size + (at % size)]!;
      const [top, left, bottom, right] = cut[i] as [number, number, number, number];
      const inside = y >= top && y < bottom && x >= left && x < right;
      return inside ? partner : own * blend[i]! + partner * (1 - blend[i]!);
    });
  const all = <T>(value: T): T[] => Array(batch).fill(value);

  test.each<[string, number[], number[][]]>([
    ['mixup: 0.75 own, 0.25 partner', all(0.75), all([0, 0, 0, 0])],
    ['CutMix: rows 1 to 2, columns 2 to 3', all(1), all([1, 2, 3, 4])],
    ['the whole picture is cut', all(1), all([0, 0, 3, 5])],
    ['nothing', all(1), all([0, 0, 0, 0])],
    [
      'two groups: mixup and CutMix',
      [0.75, 1, 0.75, 1],
      [
        [0, 0, 0, 0],
        [1, 2, 3, 4],
        [0, 0, 0, 0],
        [1, 2, 3, 4],
      ],
    ],
  ])('%s, eager and traced', async (_, blend, cut) => {
    const mixed = tf.tidy(() =>
      mixHalves(
        tf.tensor4d(data, [batch, height, width, 3]),
        tf.tensor1d(blend),
        tf.tensor2d(cut.flat(), [batch, 4], 'int32'),
      ).dataSync(),
    );
    const wanted = expected(blend, cut);
    for (const [i, value] of mixed.entries()) expect(value).toBeCloseTo(wanted[i]!, 5);

    const run = program.compile<'x' | 'blend' | 'cut', 'mixed'>((inputs) => ({
      mixed: mixHalves(inputs.x as tf.Tensor4D, inputs.blend as tf.Tensor1D, inputs.cut as tf.Tensor2D),
    }));
    const traced = await run({
      x: { data, shape: [batch, height, width, 3] },
      blend: { data: Float32Array.from(blend), shape: [batch] },
      cut: { data: Int32Array.from(cut.flat()), shape: [batch, 4] },
    });
    expect(traced.mixed.data).toEqual(mixed);
  });
});

describe('eraseWithNoise', () => {
  test('[2, 40, 50, 3]: 1,200 pixels of one picture become N(0, 1), all others stay', () => {
    const data = pictures(2, 40, 50);
    const erased = tf.tidy(() => {
      const parts = tf.tensor2d([0, 0, 0, 0, 5, 10, 35, 50], [2, 4], 'int32');
      return eraseWithNoise(tf.tensor4d(data, [2, 40, 50, 3]), parts, ctx).dataSync();
    });
    const noise: number[] = [];
    for (const [at, value] of erased.entries()) {
      const pixel = Math.floor(at / 3) % 2000;
      const [y, x] = [Math.floor(pixel / 50), pixel % 50];
      if (at >= 6000 && y >= 5 && y < 35 && x >= 10) noise.push(value);
      else if (value !== data[at]) throw new Error(`value ${at} changed outside of the part`);
    }
    expect(noise).toHaveLength(30 * 40 * 3);
    expectMean(noise, 0, 1);
    expectMean(
      noise.map((value) => value ** 2),
      1,
      Math.SQRT2,
    );
    expectShare(noise.filter((value) => Math.abs(value) > 1.96).length, noise.length, 0.05);
  });
});
