/** Scaled dot-product attention with a position bias, in pieces where it is large. */
import * as tf from '@tensorflow/tfjs-core';
import type { ForwardContext } from '../../nn/module.js';
import { withGradient } from '../../nn/ops/gradient.js';
import { recompute } from '../../nn/ops/recompute.js';
import { rawOp } from '../../tensorflow/backend.js';
import { fuse } from '../../tensorflow/fuse.js';
import { InTurn } from '../../tensorflow/runOrder.js';
import type { BiasByRows } from './positionBias/positionBias.js';

/**
 * softmax(q kᵀ + bias) v, where the scale of the logits is in the queries already. The weights are kept for the backward pass.
 *
 * Source of the gradient's form, in which the row sums come from output and its gradient: Dao et al., "FlashAttention" (2022),
 * §3.1.
 *
 * @param query [B, h, N, d]
 * @param key [B, h, Nk, d]
 * @param value [B, h, Nk, d]
 * @param bias [h, N, Nk], or none
 * @returns [B, h, N, d]
 */
export function attention(
  query: tf.Tensor4D,
  key: tf.Tensor4D,
  value: tf.Tensor4D,
  bias: tf.Tensor3D | undefined,
): tf.Tensor4D {
  return withGradient(
    [query, key, value, ...(bias ? [bias] : [])] as tf.Tensor[],
    (keep) => {
      const logits = tf.matMul(query, key, false, true);
      const weights: tf.Tensor4D = rawOp('Softmax', [bias ? tf.add(logits, bias) : logits]); // [B, h, N, Nk]
      const mixed = tf.matMul(weights, value) as tf.Tensor4D;
      keep(query, key, value, mixed, weights);
      return mixed;
    },
    (dMixed, kept) => {
      const [query, key, value, mixed, weights] = kept as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
      const rowSums = tf.sum(tf.mul(dMixed, mixed), 3, true); // [B, h, N, 1], the sum of weights × their gradients
      const dWeights = tf.matMul(dMixed, value, false, true); // [B, h, N, Nk]
      const [dLogits] = fuse('softmaxGrad', [weights, dWeights, rowSums] as const, (weights, dWeights, rowSums) => [
        tf.mul(weights, tf.sub(dWeights, rowSums)),
      ]) as [tf.Tensor];
      return [
        tf.matMul(dLogits, key),
        tf.matMul(dLogits, query, true, false),
        tf.matMul(weights, dMixed, true, false),
        ...(bias ? [tf.sum(dLogits, 0)] : []),
      ];
    },
  );
}

/**
 * {@link attention} for some rows of queries after the other, with bias and weights computed again in the backward pass: memory
 * grows with queries plus keys, and not with their product.
 *
 * @param rows of the map of queries in each piece, H in all
 */
export function attentionByRows(
  query: tf.Tensor4D,
  key: tf.Tensor4D,
  value: tf.Tensor4D,
  bias: BiasByRows | undefined,
  rows: readonly number[],
  ctx: ForwardContext,
): tf.Tensor4D {
  const width = query.shape[2] / rows.reduce((a, b) => a + b);
  const turn = new InTurn();
  let first = 0;
  const pieces = tf.split<tf.Tensor4D>(
    query,
    rows.map((count) => count * width),
    2,
  );
  const mixed = pieces.map((piece, i) => {
    const [from, end] = [first, first + rows[i]!];
    first = end;
    const inputs = [piece, key, value, ...(bias ? [bias.source] : [])] as tf.Tensor4D[];
    const run = (_: ForwardContext, ...[query, key, value, source]: tf.Tensor4D[]) =>
      attention(query!, key!, value!, bias?.rows(source!, from, end));
    return recompute(inputs, ctx, run, { turn });
  });
  return tf.concat(mixed, 2);
}

/** Numbers of a matrix of attention weights that are made at a time: 128 MiB. */
const largestMatrix = 2 ** 25;

/**
 * Rows of queries for each piece of attention so that its weights stay within bounds, as even as can be; one entry for all rows
 * where they are small.
 */
export function rowsByPiece(batch: number, heads: number, height: number, width: number, keys: number): number[] {
  const atATime = Math.max(1, Math.floor(largestMatrix / (batch * heads * width * keys)));
  const pieces = Math.ceil(height / atATime);
  const end = (i: number) => Math.floor(((i + 1) * height) / pieces);
  return Array.from({ length: pieces }, (_, i) => end(i) - end(i - 1));
}
