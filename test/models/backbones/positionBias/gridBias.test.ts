import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { type BiasResample, GridBias } from '../../../../src/models/backbones/positionBias/gridBias.js';
import type { Grid } from '../../../../src/models/backbones/positionBias/positionBias.js';
import { resampleMatrix } from '../../../../src/nn/resample.js';
import { useEagerBackend } from '../../../../src/tensorflow/backend.js';
import { Program } from '../../../../src/tensorflow/program.js';
import { expectGradient } from '../../../support/finiteDifferences.js';

beforeAll(() => useEagerBackend());

const kinds: BiasResample[] = ['bilinear', 'bicubic', 'flattened'];

function biasOf(values: number[], heads: number, queries: Grid, keys: Grid, kind: BiasResample): GridBias {
  const bias = new GridBias({ heads, queries, keys }, kind);
  bias.value = Float32Array.from(values);
  return bias;
}

const fitted = (bias: GridBias, queries: Grid, keys: Grid) => [
  ...tf.tidy(() => bias.fitted(queries, keys)().dataSync()),
];

describe('GridBias', () => {
  // PyTorch 2.9.1: interpolate([[0, 1], [2, 3]], size=(4, 4), align_corners=False)
  test('bilinear: the query grid of [[0, 1], [2, 3]] at 4 x 4', () => {
    const rows = [0, 0.25, 0.75, 1, 0.5, 0.75, 1.25, 1.5, 1.5, 1.75, 2.25, 2.5, 2, 2.25, 2.75, 3];
    expect(fitted(biasOf([0, 1, 2, 3], 1, [2, 2], [1, 1], 'bilinear'), [4, 4], [1, 1])).toEqual(rows);
  });

  test('bicubic: the same grid goes beyond its range, as in PyTorch', () => {
    const found = fitted(biasOf([0, 1, 2, 3], 1, [2, 2], [1, 1], 'bicubic'), [4, 4], [1, 1]);
    const first = [-0.316406, 0.015625, 0.5625, 0.894531];
    const last = [2.105469, 2.4375, 2.984375, 3.316406];
    for (const [i, wanted] of first.entries()) expect(found[i]).toBeCloseTo(wanted, 5);
    for (const [i, wanted] of last.entries()) expect(found[12 + i]).toBeCloseTo(wanted, 5);
  });

  test('flattened: [N, Nk] as a picture, by its matrices on both sides', () => {
    const [n, nk, toN, toNk] = [4, 2, 6, 3];
    const values = Array.from({ length: n * nk }, (_, i) => Math.sin(i + 1));
    const [left, right] = [resampleMatrix(n, toN, 'bicubic'), resampleMatrix(nk, toNk, 'bicubic')];
    const found = fitted(biasOf(values, 1, [2, 2], [1, 2], 'flattened'), [3, 2], [1, 3]);
    for (let i = 0; i < toN; i++)
      for (let j = 0; j < toNk; j++) {
        let wanted = 0;
        for (let a = 0; a < n; a++)
          for (let b = 0; b < nk; b++) wanted += left[i * n + a]! * values[a * nk + b]! * right[j * nk + b]!;
        expect(found[i * toNk + j]).toBeCloseTo(wanted, 5);
      }
  });

  test.each(kinds)('%s: the same grid gives the weights themselves', (kind) => {
    const values = Array.from({ length: 2 * 6 * 2 }, (_, i) => i / 7);
    const bias = biasOf(values, 2, [2, 3], [1, 2], kind);
    expect(bias.fitted([2, 3], [1, 2])()).toBe(bias.read());
  });

  test.each(kinds)('%s: some rows are those of the whole', (kind) => {
    const values = Array.from({ length: 2 * 6 * 2 }, (_, i) => Math.sin(i));
    const bias = biasOf(values, 2, [3, 2], [1, 2], kind);
    for (const queries of [
      [3, 2],
      [5, 4],
    ] as const) {
      const { source, rows } = bias.fittedByRows(queries, [2, 2])();
      const parts = tf.concat([rows(source, 0, 1), rows(source, 1, queries[0])], 1);
      const wanted = fitted(bias, queries, [2, 2]);
      for (const [i, value] of parts.dataSync().entries()) expect(value).toBeCloseTo(wanted[i]!, 5);
    }
  });

  // Not `flattened`: it sees only the number of tokens.
  test.each(['bilinear', 'bicubic'] as const)(
    '%s: height and width keep their places on grids that are not square',
    (kind) => {
      const values = Array.from({ length: 16 * 4 }, (_, i) => Math.cos(i));
      const bias = biasOf(values, 1, [4, 4], [2, 2], kind);
      expect(fitted(bias, [8, 4], [4, 2])).not.toEqual(fitted(bias, [4, 8], [2, 4]));
      expect(fitted(bias, [8, 4], [4, 2]).every(Number.isFinite)).toBe(true);
    },
  );

  test.each(kinds)('%s: traced as it runs eagerly, and its gradient is that of a linear map', async (kind) => {
    const values = Array.from({ length: 2 * 4 * 4 }, (_, i) => Math.sin(3 * i));
    const bias = biasOf(values, 2, [2, 2], [2, 2], kind);
    const program = new Program();
    const { y } = await program.compile(({ one }: Record<'one', tf.Tensor>) => ({
      y: tf.mul(bias.fitted([3, 4], [3, 2])(), one),
    }))({
      one: { data: Float32Array.of(1), shape: [] },
    });
    await program.dispose();
    for (const [i, wanted] of fitted(bias, [3, 4], [3, 2]).entries()) expect(y.data[i]).toBeCloseTo(wanted, 5);
    expectGradient(
      (x) => {
        const other = new GridBias({ heads: 2, queries: [2, 2], keys: [2, 2] }, kind);
        other.read = () => x as never;
        return other.fitted([3, 4], [3, 2])();
      },
      [[2, 4, 4]],
    );
  });
});
