/** Gradients and statistics of all workers, averaged inside of the traced step. */
import * as tf from '@tensorflow/tfjs-core';
import { planBuckets } from '../distributed/buckets.js';
import type { Collectives } from '../tensorflow/collectives.js';
import { sizeOf } from '../tensorflow/hostTensor.js';
import type { Variable } from '../tensorflow/variable.js';

/**
 * The mean of each tensor over all workers.
 *
 * Tensors travel in buckets; each bucket starts as soon as its tensors are computed and the one before it has arrived, while
 * what comes later is still being computed.
 *
 * @param tensors in the order in which they become ready
 */
export function averageInBuckets(tensors: readonly tf.Tensor[], collectives: Collectives): tf.Tensor[] {
  const flat = tensors.map((tensor) => tf.reshape(tensor, [tensor.size]));
  return planBuckets(tensors.map(({ size }) => size)).flatMap(([from, to]) => {
    const together = flat.slice(from, to);
    const mean = collectives.mean(together.length === 1 ? together[0]! : tf.concat(together));
    return parted(
      mean,
      tensors.slice(from, to).map(({ shape }) => shape),
    );
  });
}

/** Gives each variable, at the end of the run, the value that worker 0 has. */
export function copyFromFirst(variables: readonly Variable[], collectives: Collectives): void {
  for (const [from, to] of planBuckets(variables.map(({ size }) => size))) {
    const together = variables.slice(from, to);
    const own = together.map((variable) => tf.reshape(variable.read(), [variable.size]));
    const first = collectives.broadcast(own.length === 1 ? own[0]! : tf.concat(own));
    const values = parted(
      first,
      together.map(({ shape }) => [...shape]),
    );
    for (const [i, variable] of together.entries()) variable.assign(values[i]!);
  }
}

/** [N] cut into tensors of these shapes. */
function parted(flat: tf.Tensor, shapes: readonly number[][]): tf.Tensor[] {
  if (shapes.length === 1) return [tf.reshape(flat, shapes[0]!)];
  const parts = tf.split(flat, shapes.map(sizeOf));
  return parts.map((part, i) => tf.reshape(part, shapes[i]!));
}
