/** Picking rows by index. */
import * as tf from '@tensorflow/tfjs-core';
import { rawOp } from '../../tensorflow/backend.js';
import { withGradient } from './gradient.js';

const gather = { Tparams: { type: 'float32' }, Tindices: { type: 'int32' }, Taxis: { type: 'int32' } } as const;
const segments = { T: { type: 'float32' }, Tindices: { type: 'int32' }, Tnumsegments: { type: 'int32' } } as const;

/**
 * Rows of a tensor: x [N, ...], indices [...M] int32 → [...M, ...]. A row that is picked more than once gets the sum of its gradients.
 *
 * tfjs' own gather looks at the indices' values, which a traced function does not have.
 */
export function gatherRows<T extends tf.Tensor>(x: T, indices: tf.Tensor): T {
  return withGradient(
    [x] as const,
    (keep) => {
      keep(indices);
      return rawOp<T>('GatherV2', [x, indices, tf.scalar(0, 'int32')], gather);
    },
    (dy, [picked]) => [rawOp('UnsortedSegmentSum', [dy, picked!, tf.scalar(x.shape[0]!, 'int32')], segments)],
  );
}
