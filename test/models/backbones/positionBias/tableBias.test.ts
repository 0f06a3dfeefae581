import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Grid } from '../../../../src/models/backbones/positionBias/positionBias.js';
import { TableBias, type TableFit } from '../../../../src/models/backbones/positionBias/tableBias.js';
import type { Interpolation } from '../../../../src/nn/resample.js';
import { useEagerBackend } from '../../../../src/tensorflow/backend.js';
import { Program } from '../../../../src/tensorflow/program.js';
import { expectGradient } from '../../../support/finiteDifferences.js';

beforeAll(() => useEagerBackend());

function biasOf(
  values: ArrayLike<number>,
  queries: Grid,
  {
    fit = 'slice',
    resample = 'bilinear',
    heads = 1,
  }: { fit?: TableFit; resample?: Interpolation; heads?: number } = {},
): TableBias {
  const bias = new TableBias({ blocks: 1, heads, queries, keys: queries }, fit, resample);
  bias.tables[0]!.value = Float32Array.from(values);
  return bias;
}

/** One row a query. */
function fitted(bias: TableBias, queries: Grid, keys: Grid): number[][] {
  const values = [...tf.tidy(() => bias.fitted(queries, keys)(0).dataSync())];
  const count = keys[0] * keys[1];
  return Array.from({ length: values.length / count }, (_, i) => values.slice(i * count, (i + 1) * count));
}

const range = Array.from({ length: 9 }, (_, i) => i);
/** sin(1), sin(2) …, 7 × 7: offsets of a 4 × 4 grid. */
const sines = Float32Array.from({ length: 49 }, (_, i) => Math.sin(i + 1));

describe('TableBias', () => {
  test('[2, 2] queries, as many keys: row and column of key less query, from -1 on', () => {
    expect(fitted(biasOf(range, [2, 2]), [2, 2], [2, 2])).toEqual([
      [4, 5, 7, 8], // query 0, 0: its own place is the middle of [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
      [3, 4, 6, 7],
      [1, 2, 4, 5],
      [0, 1, 3, 4],
    ]);
  });

  test('[2, 2] queries, one key: slice takes the first place, bicubic the mean of the four', () => {
    expect(fitted(biasOf(range, [2, 2]), [2, 2], [1, 1])).toEqual([[4], [3], [1], [0]]);
    expect(fitted(biasOf(range, [2, 2], { fit: 'bicubic' }), [2, 2], [1, 1])).toEqual([[6], [5], [3], [2]]);
  });

  test('[1, 3] queries: the table is one row', () => {
    const found = fitted(biasOf([1, 2, 3, 4, 5], [1, 3]), [1, 3], [1, 3]);
    expect(found).toEqual([
      [3, 4, 5],
      [2, 3, 4],
      [1, 2, 3],
    ]);
  });

  test('slice where Nk is no multiple of a row: the first Nk places of the grid, row by row', () => {
    const all = fitted(biasOf(sines, [4, 4]), [4, 4], [4, 4]);
    const found = fitted(biasOf(sines, [4, 4]), [4, 4], [2, 3]);
    expect(found).toEqual(all.map((row) => row.slice(0, 6)));
  });

  // PyTorch 2.9.1: table[key row - query row + 3, key column - query column + 3], then [:, :4], or `interpolate` to (2, 2)
  // (bicubic, align_corners=False) of each query's map of keys. Rows of queries 0, 5 and 15.
  test.each([
    {
      fit: 'slice',
      rows: [
        [-0.1323518, 0.7625585, 0.956376, 0.2709058],
        [-0.9613975, -0.7509872, 0.1498772, 0.9129453],
        [0.841471, 0.9092974, 0.14112, -0.7568025],
      ],
    },
    {
      fit: 'bicubic',
      rows: [
        [0.5471803, 0.3779924, 0.7789255, -0.8423868],
        [-0.8312411, 0.7924432, 0.4006017, 0.5268162],
        [0.9200802, -0.6153425, -0.140011, -0.7273395],
      ],
    },
  ] as const)('$fit: [4, 4] queries, [2, 2] keys, against PyTorch', ({ fit, rows }) => {
    const found = fitted(biasOf(sines, [4, 4], { fit }), [4, 4], [2, 2]);
    expect(found).toHaveLength(16);
    for (const [i, query] of [0, 5, 15].entries())
      for (const [key, wanted] of rows[i]!.entries()) expect(found[query]![key]).toBeCloseTo(wanted, 5);
  });

  // The same with the table resized to 11 × 7 first. Row of query 9, and Σ cos(i) × value over all.
  test.each([
    ['slice', 'bilinear', [-0.8475676, -0.8188971, -0.0373365, 0.7785512, -0.9410996, -0.5260289], 6.0355],
    ['bicubic', 'bilinear', [-0.8823124, 0.5698798, -0.418277, 0.9376816, 0.434839, 0.4728034], 6.8843167],
    ['slice', 'bicubic', [-0.8908107, -0.8900807, -0.0710146, 0.813342, -1.0197293, -0.5514421], 6.5521388],
    ['bicubic', 'bicubic', [-0.9478278, 0.6153288, -0.4387041, 0.9745402, 0.4621938, 0.4939128], 7.3879023],
  ] as const)(
    '%s, %s: a [4, 4] table for [6, 4] queries and [3, 2] keys, against PyTorch',
    (fit, resample, row, sum) => {
      const found = fitted(biasOf(sines, [4, 4], { fit, resample }), [6, 4], [3, 2]);
      for (const [key, wanted] of row.entries()) expect(found[9]![key]).toBeCloseTo(wanted, 5);
      expect(found.flat().reduce((total, value, i) => total + Math.cos(i) * value, 0)).toBeCloseTo(sum, 4);
    },
  );

  test('all heads have the same, and each block its own table', () => {
    const bias = new TableBias({ blocks: 2, heads: 3, queries: [2, 2], keys: [2, 2] }, 'slice', 'bilinear');
    bias.tables[1]!.value = Float32Array.from(range);
    const of = bias.fitted([2, 2], [1, 2]);
    expect(of(1).shape).toEqual([3, 4, 2]);
    expect([...of(1).dataSync()]).toEqual([4, 5, 3, 4, 1, 2, 0, 1, 4, 5, 3, 4, 1, 2, 0, 1, 4, 5, 3, 4, 1, 2, 0, 1]);
    expect([...of(0).dataSync()]).not.toEqual([...of(1).dataSync()]);
  });

  test('first values: normal, with deviation 0.2', () => {
    const [table] = new TableBias({ blocks: 1, heads: 1, queries: [40, 40], keys: [5, 5] }, 'slice', 'bilinear').tables;
    expect(table!.shape).toEqual([79, 79]);
    const squares = table!.value.reduce((sum, value) => sum + value ** 2, 0);
    expect(Math.sqrt(squares / table!.size)).toBeCloseTo(0.2, 1);
  });

  test.each([
    ['slice', 'bicubic'],
    ['bicubic', 'bilinear'],
  ] as const)('%s, %s: traced as it runs eagerly, and its gradient is that of a linear map', async (fit, resample) => {
    const bias = biasOf(sines, [4, 4], { fit, resample, heads: 2 });
    const program = new Program();
    const { y } = await program.compile(({ one }) => ({ y: tf.mul(bias.fitted([6, 4], [3, 2])(0), one!) }))({
      one: { data: Float32Array.of(1), shape: [] },
    });
    await program.dispose();
    const eager = fitted(bias, [6, 4], [3, 2]).flat();
    expect(y.data).toHaveLength(eager.length);
    for (const [i, wanted] of eager.entries()) expect(y.data[i]).toBeCloseTo(wanted, 5);
    expectGradient(
      (x) => {
        const other = biasOf(sines, [4, 4], { fit, resample, heads: 2 });
        other.tables[0]!.read = () => x as never;
        return other.fitted([6, 4], [3, 2])(0);
      },
      [[7, 7]],
    );
  });

  test.each(['slice', 'bicubic'] as const)('%s: some rows are those of the whole', (fit) => {
    const bias = biasOf(
      Array.from({ length: 49 }, (_, i) => Math.sin(i)),
      [4, 4],
      { fit },
    );
    const { source, rows } = bias.fittedByRows([6, 4], [3, 2])(0);
    const parts = tf.concat([rows(source, 0, 2), rows(source, 2, 6)], 1).dataSync();
    const wanted = bias.fitted([6, 4], [3, 2])(0).dataSync();
    for (const [i, value] of parts.entries()) expect(value).toBeCloseTo(wanted[i]!, 5);
  });
});
