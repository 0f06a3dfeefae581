/** The authors' position bias: a number for each pair of a place of a query and one of a key, resampled for other grids. */
import * as tf from '@tensorflow/tfjs-core';
import { normal } from '../../nn/init.js';
import { Parameter } from '../../nn/module.js';
import { gatherRows } from '../../nn/ops/gather.js';
import { type Interpolation, resampleMatrix, resampleTaps } from '../../nn/resample.js';
import type { BiasShape, Grid, PositionBias } from './positionBias.js';

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
    const bias = this.#fit(queries, keys);
    return () => bias;
  }

  #fit(queries: Grid, keys: Grid): tf.Tensor3D {
    const bias = this.read<tf.Tensor3D>();
    const same = (a: Grid, b: Grid) => a[0] === b[0] && a[1] === b[1];
    if (same(queries, this.queries) && same(keys, this.keys)) return bias;
    return this.resample === 'flattened'
      ? resampleFlattened(bias, queries[0] * queries[1], keys[0] * keys[1])
      : resampleGrids(bias, [this.queries, this.keys], [queries, keys], this.resample);
  }
}

/** [h, Hq · Wq, Hk · Wk] → [h, Hq' · Wq', Hk' · Wk'], axis by axis. */
function resampleGrids(
  bias: tf.Tensor3D,
  from: readonly [Grid, Grid],
  to: readonly [Grid, Grid],
  kind: Interpolation,
): tf.Tensor3D {
  const heads = bias.shape[0];
  const sizes = [from[0][0], from[0][1], from[1][0], from[1][1]];
  const targets = [to[0][0], to[0][1], to[1][0], to[1][1]];
  let x: tf.Tensor = bias;
  for (const [axis, target] of targets.entries()) {
    const size = sizes[axis]!;
    if (size === target) continue;
    const before = heads * sizes.slice(0, axis).reduce((a, b) => a * b, 1);
    const after = sizes.slice(axis + 1).reduce((a, b) => a * b, 1);
    const matrix = tf.tensor3d(resampleMatrix(size, target, kind), [1, target, size]);
    x = tf.matMul(tf.tile(matrix, [before, 1, 1]), tf.reshape(x, [before, size, after])); // [before, target, after]
    sizes[axis] = target;
  }
  return tf.reshape(x, [heads, targets[0]! * targets[1]!, targets[2]! * targets[3]!]);
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
