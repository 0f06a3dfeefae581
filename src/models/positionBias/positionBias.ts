import type * as tf from '@tensorflow/tfjs-core';

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
}
