import * as tf from '@tensorflow/tfjs-core';

/** Rows and columns of a map. */
export type Grid = readonly [height: number, width: number];

/** What a bias is made for: one stage. */
export interface BiasShape {
  readonly blocks: number;
  readonly heads: number;
  /** Grid of the queries at the size of pretraining. */
  readonly queries: Grid;
  /** Grid of the reduced tokens, likewise. */
  readonly keys: Grid;
}

/** What the blocks of a stage add to the logits of their attention: a learnt number for each pair of query and key. */
export interface PositionBias {
  /**
   * For maps of any size. Made of linear maps inside the graph, so that the weights keep training.
   *
   * @returns block of the stage → [h, N, Nk]
   */
  fitted(queries: Grid, keys: Grid): (block: number) => tf.Tensor3D;
  /** The same in rows of queries, for maps so large that the whole would fill the memory. */
  fittedByRows(queries: Grid, keys: Grid): (block: number) => BiasByRows;
}

/** A bias that is made for some rows of the map of queries at a time. */
export interface BiasByRows {
  /** What the rows are computed from: small, and where their gradient goes. */
  readonly source: tf.Tensor;
  /** For the queries in rows `first` up to, not including, `end`: [h, rows · W, Nk]. */
  rows(source: tf.Tensor, first: number, end: number): tf.Tensor3D;
}

/** Rows of a bias that is there as a whole, [h, H · W, Nk]. */
export function rowsOf(bias: tf.Tensor3D, [height, width]: Grid): BiasByRows {
  return {
    source: bias,
    rows(bias, first, end) {
      if (first === 0 && end === height) return bias as tf.Tensor3D;
      return tf.slice(bias as tf.Tensor3D, [0, first * width, 0], [-1, (end - first) * width, -1]);
    },
  };
}
