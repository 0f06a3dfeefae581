/** Position bias by offset: a number for each distance between query and key, in rows and columns. */
import * as tf from '@tensorflow/tfjs-core';
import { truncatedNormal } from '../../../nn/init.js';
import { Module, Parameter } from '../../../nn/module.js';
import { matMul2d } from '../../../nn/ops/linear.js';
import { type Interpolation, resampleMatrix } from '../../../nn/resample.js';
import type { BiasByRows, BiasShape, Grid, PositionBias } from './positionBias.js';

/**
 * A table has offsets between cells of the queries' grid, and keys are fewer. For them it is read
 *
 * - `slice`: as if they were the first Nk cells of that grid, row by row, which is where they are not: the source's way;
 * - `bicubic`: at every cell, and the map of what was read is resampled to the keys' grid, which keeps positions.
 */
export type TableFit = 'slice' | 'bicubic';

/**
 * One table a block, the same for all heads.
 *
 * Source: FlyEgle/CMT-pytorch, model/Transformers/CMT/cmt.py, written before the authors' release. It knows `slice`, and only
 * maps of the size of pretraining. For others the table is resampled here, as Swin's and keras_cv_attention_models' are.
 */
export class TableBias extends Module implements PositionBias {
  /** [2H - 1, 2W - 1] each: row and column of the key less those of the query, from 1 - H and 1 - W on. */
  readonly tables: Parameter[];
  readonly #heads: number;

  /** @param resample of the table, for other grids */
  constructor(
    { blocks, heads, queries }: BiasShape,
    readonly fit: TableFit,
    readonly resample: Interpolation,
  ) {
    super();
    const shape = queries.map(offsets);
    this.tables = Array.from({ length: blocks }, () => new Parameter(shape, truncatedNormal(0.2)));
    this.#heads = heads;
  }

  fitted(queries: Grid, keys: Grid): (block: number) => tf.Tensor3D {
    const byRows = this.fittedByRows(queries, keys);
    return (block) => {
      const { source, rows } = byRows(block);
      return rows(source, 0, queries[0]);
    };
  }

  fittedByRows(queries: Grid, keys: Grid): (block: number) => BiasByRows {
    const count = keys[0] * keys[1];
    // The keys' grid that is read: under `slice`, as many whole rows of the queries' as hold the first Nk cells.
    const read: Grid = this.fit === 'slice' ? [Math.ceil(count / queries[1]), queries[1]] : keys;
    const [down, across] = [0, 1].map((axis) => this.#readings(axis, queries[axis]!, read[axis]!));
    const rows = (table: tf.Tensor, first: number, end: number) => {
      const some = tf.slice(down!, [first * read[0], 0], [(end - first) * read[0], -1]);
      const byRow = matMul2d(some, table as tf.Tensor2D); // [rows·Kh, 2W - 1]
      const byBoth = matMul2d(byRow, tf.transpose(across!)); // [rows·Kh, W·Kw]
      const pairs = tf.transpose(tf.reshape(byBoth, [end - first, read[0], queries[1], read[1]]), [0, 2, 1, 3]);
      const all = tf.reshape(pairs, [1, (end - first) * queries[1], read[0] * read[1]]); // [1, rows·W, Kh·Kw]
      const shared = count < all.shape[2]! ? tf.slice(all, [0, 0, 0], [1, all.shape[1]!, count]) : all; // [1, rows·W, Nk]
      return (this.#heads === 1 ? shared : tf.tile(shared, [this.#heads, 1, 1])) as tf.Tensor3D;
    };
    return (block) => ({ source: this.tables[block]!.read(), rows });
  }

  /** How each pair of a query and a key on one axis reads that axis of the table: [queries · keys, offsets in the table]. */
  #readings(axis: number, queries: number, keys: number): tf.Tensor2D {
    const from = this.tables[0]!.shape[axis]!;
    const to = offsets(queries);
    const table = resampleMatrix(from, to, this.resample); // row for each offset of the grid at hand
    const cells = this.fit === 'slice' ? firstCells(keys, queries) : resampleMatrix(queries, keys, 'bicubic');
    const readings = new Float32Array(queries * keys * from);
    for (let query = 0; query < queries; query++)
      for (let key = 0; key < keys; key++) {
        const at = (query * keys + key) * from;
        for (let cell = 0; cell < queries; cell++) {
          const weight = cells[key * queries + cell]!;
          if (weight === 0) continue;
          const row = (cell - query + queries - 1) * from;
          for (let offset = 0; offset < from; offset++) readings[at + offset]! += weight * table[row + offset]!;
        }
      }
    return tf.tensor2d(readings, [queries * keys, from]);
  }
}

/** Distances that two of `cells` cells in a row can have. */
const offsets = (cells: number): number => 2 * cells - 1;

/** [count, cells]: row i picks cell i. */
function firstCells(count: number, cells: number): Float32Array {
  const matrix = new Float32Array(count * cells);
  for (let i = 0; i < count; i++) matrix[i * cells + i] = 1;
  return matrix;
}
