/** When operations of a graph run: as soon as their inputs are there, unless they are held back. */
import type * as tf from '@tensorflow/tfjs-core';
import type { Pointer } from './api.js';
import { currentGraph, outputOf } from './backend.js';

/**
 * Pieces of a computation that run one after the other, so that memory is bounded where all of them could run at once.
 *
 * Where operations run eagerly, that is so anyway.
 */
export class InTurn {
  #last: readonly Pointer[] = [];

  /**
   * Records a piece whose operations wait for those that made `first`, and for the results of the piece before.
   *
   * That also keeps TensorFlow from taking a computation that is repeated for the one that it repeats.
   */
  run<O extends readonly tf.Tensor[]>(first: readonly tf.Tensor[], piece: () => O): O {
    const graph = currentGraph();
    if (graph === undefined) return piece();
    const results = graph.after([...this.#last, ...operationsOf(first)], piece);
    this.#last = operationsOf(results);
    return results;
  }
}

const operationsOf = (tensors: readonly tf.Tensor[]) => tensors.map((tensor) => outputOf(tensor).oper);
