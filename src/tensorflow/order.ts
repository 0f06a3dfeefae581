/** When operations of a graph run: as soon as their inputs are there, unless they are held back. */
import type * as tf from '@tensorflow/tfjs-core';
import { currentGraph, outputOf } from './backend.js';

/**
 * In a graph, holds every operation of `body` back until `first` have been computed; elsewhere that is so anyway.
 *
 * It bounds memory where much could run early, and keeps TensorFlow from taking a computation that is repeated for the one
 * that it repeats.
 */
export function inOrder<T>(first: readonly tf.Tensor[], body: () => T): T {
  const graph = currentGraph();
  return graph === undefined
    ? body()
    : graph.after(
        first.map((tensor) => outputOf(tensor).oper),
        body,
      );
}
