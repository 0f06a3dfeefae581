import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attention, attentionByRows, rowsByPiece } from '../../../src/models/backbones/attention.js';
import { rowsOf } from '../../../src/models/backbones/positionBias/positionBias.js';
import { inference } from '../../../src/nn/module.js';
import { Random } from '../../../src/random.js';
import { useEagerBackend } from '../../../src/tensorflow/backend.js';
import { Program } from '../../../src/tensorflow/program.js';
import { expectGradient } from '../../support/finiteDifferences.js';

beforeAll(() => useEagerBackend());

type Inputs = [query: tf.Tensor4D, key: tf.Tensor4D, value: tf.Tensor4D, bias: tf.Tensor3D];

/** Queries of a map of 4 x 2, five keys, three heads, two pictures. */
const shapes = [
  [2, 3, 8, 4],
  [2, 3, 5, 4],
  [2, 3, 5, 4],
  [3, 8, 5],
];
const names = ['query', 'key', 'value', 'bias'];

const whole = (...inputs: tf.Tensor[]) => attention(...(inputs as Inputs));
const byRows = (rows: number[]) => (query: tf.Tensor, key: tf.Tensor, value: tf.Tensor, bias: tf.Tensor) =>
  attentionByRows(
    ...([query, key, value] as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D]),
    rowsOf(bias as tf.Tensor3D, [4, 2]),
    rows,
    inference,
  );
const ways: [string, (...inputs: [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]) => tf.Tensor][] = [
  ['whole', whole],
  ['in rows of 1, 3', byRows([1, 3])],
  ['in rows of 1, 1, 1, 1', byRows([1, 1, 1, 1])],
];

const host = (() => {
  const random = new Random(5);
  return shapes.map((shape) => ({
    data: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => random.normal()),
    shape,
  }));
})();

/** Output and all gradients of Σ output². */
function all(run: (...inputs: [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]) => tf.Tensor, inputs: tf.Tensor[]) {
  const four = inputs as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
  const { grads } = tf.valueAndGrads(() => tf.sum<tf.Scalar>(tf.square(run(...four))))(inputs);
  const gradients = Object.fromEntries(names.map((name, i) => [name, grads[i]!]));
  return { output: run(...four), ...gradients } as Record<string, tf.Tensor>;
}

describe('attention', () => {
  const program = new Program({ fuse: true });
  afterAll(() => program.dispose());

  test('two queries, two keys: by hand', () => {
    const query = tf.tensor4d([1, 0, 0, 2], [1, 1, 2, 2]);
    const key = tf.tensor4d([Math.log(3), 0, 0, 0], [1, 1, 2, 2]); // logits: ln 3 and 0; 0 and 0
    const value = tf.tensor4d([4, 8], [1, 1, 2, 1]);
    const bias = tf.tensor3d([0, 0, Math.log(7), 0], [1, 2, 2]); // the second query: ln 7 and 0
    const mixed = attention(query, key, value, bias).dataSync();
    expect(mixed[0]).toBeCloseTo(0.75 * 4 + 0.25 * 8, 5);
    expect(mixed[1]).toBeCloseTo((7 / 8) * 4 + (1 / 8) * 8, 5);
  });

  test.each(ways)('gradients, %s', (_, run) => {
    expectGradient(run as (...inputs: tf.Tensor[]) => tf.Tensor, shapes);
  });

  test.each(ways)('%s, eager and traced: the same values and gradients', async (_, run) => {
    const tensors = host.map(({ data, shape }) => tf.tensor(data, shape));
    const wanted = all(whole, tensors);
    const eager = all(run, tensors);
    const traced = await program.compile((inputs: Record<string, tf.Tensor>) =>
      all(
        run,
        names.map((name) => inputs[name]!),
      ),
    )(Object.fromEntries(names.map((name, i) => [name, host[i]!])));
    for (const [name, tensor] of Object.entries(wanted))
      for (const [i, value] of tensor.dataSync().entries()) {
        expect(eager[name]!.dataSync()[i], name).toBeCloseTo(value, 4);
        expect(traced[name]!.data[i] as number, name).toBeCloseTo(value, 4);
      }
  });

  test('pieces: one at 224, several at 800 x 1344, all rows in them, none smaller by more than one', () => {
    expect(rowsByPiece(8, 1, 56, 56, 49)).toEqual([56]);
    const rows = rowsByPiece(1, 1, 200, 336, 25 * 42);
    expect(rows.length).toBeGreaterThan(1);
    expect(rows.reduce((a, b) => a + b)).toBe(200);
    expect(Math.max(...rows) - Math.min(...rows)).toBeLessThanOrEqual(1);
    expect(rowsByPiece(64, 8, 3, 10_000, 10_000)).toEqual([1, 1, 1]); // even where a single row is too much
  });
});
