/** Picking rows by index. */
import * as tf from '@tensorflow/tfjs-core';
import { rawOp } from '../../tensorflow/backend.js';

/**
 * Rows of a tensor, without a gradient: x [N, ...], indices [M] int32 → [M, ...].
 *
 * tfjs' own gather looks at the indices' values, which a traced function does not have.
 */
export function gatherRows<T extends tf.Tensor>(x: T, indices: tf.Tensor): T {
  const attributes = { Tparams: { type: 'float32' }, Tindices: { type: 'int32' }, Taxis: { type: 'int32' } } as const;
  return rawOp<T>('GatherV2', [x, indices, tf.scalar(0, 'int32')], attributes);
}
