/** The authors' position bias: a number for each pair of a place of a query and one of a key, resampled for other grids. */
import * as tf from '@tensorflow/tfjs-core';
import { normal } from '../../../nn/init.js';
import { Parameter } from '../../../nn/module.js';
import { gatherRows } from '../../../nn/ops/gather.js';
import { type Interpolation, resampleMatrix, resampleTaps } from '../../../nn/resample.js';
import { type BiasByRows, type BiasShape, type Grid, type PositionBias, rowsOf } from './positionBias.js';

/**
 * - `bilinear`, `bicubic`: resample the query grid, then the key grid, each by rows and columns: positions keep their place.
 * - `flattened`: take [N, Nk] as one picture and resample it bicubically, the literal reading of the paper (§3.4); it mixes
 *   the end of a row with the start of the next.
 */
export type BiasResample = Interpolation | 'flattened';

/** [h, N, Nk] at the size of pretraining, shared by the blocks of a stage. Source: CMT, §3.3, equation 3. */
export class GridBias extends Parameter implements PositionBias {
  readonly queries: Grid;
  readonly keys: Grid;

  constructor(
    { heads, queries, keys }: Omit<BiasShape, 'blocks'>,
    readonly resample: BiasResample,
  ) {
    super([heads, queries[0] * queries[1], keys[0] * keys[1]], normal(1));
    this.queries = queries;
    this.keys = keys;
  }

  fitted(queries: Grid, keys: Grid): () => tf.Tensor3D {
    const { source, rows } = this.#fit(queries, keys);
    const bias = rows(source, 0, queries[0]);
    return () => bias;
  }

  fittedByRows(queries: Grid, keys: Grid): () => BiasByRows {
    const bias = this.#fit(queries, keys);
    return () => bias;
  }

  #fit(queries: Grid, keys: Grid): BiasByRows {
    const bias = this.read<tf.Tensor3D>();
    const same = (a: Grid, b: Grid) => a[0] === b[0] && a[1] === b[1];
    if (same(queries, this.queries) && same(keys, this.keys)) return rowsOf(bias, queries);
    return this.resample === 'flattened'
      ? rowsOf(resampleFlattened(bias, queries[0] * queries[1], keys[0] * keys[1]), queries)
      : resampleGrids(bias, [this.queries, this.keys], [queries, keys], this.resample);
  }
}

/** [h, Hq · Wq, Hk · Wk] → [h, Hq' · Wq', Hk' · Wk'], axis by axis; the keys, the smaller grid, first and for all rows. */
function resampleGrids(
  bias: tf.Tensor3D,
  [queries, keys]: readonly [Grid, Grid],
  [toQueries, toKeys]: readonly [Grid, Grid],
  kind: Interpolation,
): BiasByRows {
  const before = bias.shape[0] * queries[0] * queries[1];
  const count = toKeys[0] * toKeys[1];
  const byRow = resampleAxis(bias, before, keys[1], resampleMatrix(keys[0], toKeys[0], kind));
  const source = resampleAxis(byRow, before * toKeys[0], 1, resampleMatrix(keys[1], toKeys[1], kind)); // [h, Hq · Wq, Nk']
  const down = resampleMatrix(queries[0], toQueries[0], kind);
  const across = resampleMatrix(queries[1], toQueries[1], kind);
  return {
    source,
    rows(source, first, end) {
      const heads = bias.shape[0];
      const some = down.subarray(first * queries[0], end * queries[0]);
      const byRow = resampleAxis(source, heads, queries[1] * count, some); // [h, rows, Wq, Nk']
      const fitted = resampleAxis(byRow, heads * (end - first), count, across);
      return tf.reshape(fitted, [heads, (end - first) * toQueries[1], count]);
    },
  };
}

/**
 * Resamples the middle one of three axes.
 *
 * @param x [before, from, after], in any shape
 * @param matrix [to, from]
 * @returns [before, to, after]
 */
function resampleAxis(x: tf.Tensor, before: number, after: number, matrix: Float32Array): tf.Tensor {
  const from = x.size / before / after;
  const to = matrix.length / from;
  if (after === 1) return tf.matMul(tf.reshape(x, [before, from]), tf.tensor2d(matrix, [to, from]), false, true);
  const tiled = tf.tile(tf.tensor3d(matrix, [1, to, from]), [before, 1, 1]);
  return tf.matMul(tiled, tf.reshape(x, [before, from, after]));
}

/** [h, N, Nk] → [h, N', Nk'] as PyTorch's bicubic `interpolate` does it to a picture. */
function resampleFlattened(bias: tf.Tensor3D, queries: number, keys: number): tf.Tensor3D {
  const byQuery = resampleRows(tf.transpose(bias, [1, 0, 2]), queries); // [N', h, Nk]
  const byKey = resampleRows(tf.transpose(byQuery, [2, 1, 0]), keys); // [Nk', h, N']
  return tf.transpose(byKey, [1, 2, 0]);
}

/** [N, a, b] → [N', a, b]: each new row is a weighted sum of four old ones. */
function resampleRows(x: tf.Tensor3D, to: number): tf.Tensor3D {
  const { indices, weights, taps } = resampleTaps(x.shape[0], to, 'bicubic');
  const parts = Array.from({ length: taps }, (_, tap) => {
    const ofTap = <A extends Int32Array | Float32Array>(values: A) => values.filter((_value, i) => i % taps === tap);
    const weight = tf.tensor3d(ofTap(weights), [to, 1, 1]);
    return tf.mul(gatherRows(x, tf.tensor1d(ofTap(indices), 'int32')), weight);
  });
  return tf.addN(parts) as tf.Tensor3D;
}
