/** Scaled dot-product attention with a position bias, in pieces where it is large. */
import * as tf from '@tensorflow/tfjs-core';
import { withGradient } from '../nn/ops/gradient.js';
import { rawOp } from '../tensorflow/backend.js';
import { fuse } from '../tensorflow/fuse.js';
import { inOrder } from '../tensorflow/order.js';

/** Numbers of a matrix of attention weights that may be in memory at a time: 64 MiB. */
const largestMatrix = 2 ** 24;

/** Queries at a time, so that their weights over all keys stay within bounds. */
export function defaultChunk(batch: number, heads: number, keys: number): number {
  return Math.max(1, Math.floor(largestMatrix / (batch * heads * keys)));
}

/**
 * softmax(q kᵀ + bias) v, where the scale of the logits is in the queries already.
 *
 * Up to `chunk` queries, the weights are kept for the backward pass. More are handled chunk by chunk, one after the other, and
 * their weights are computed again in the backward pass, so that memory grows with queries plus keys and not with their
 * product. Source of the gradient's form, in which the row sums come from output and its gradient: Dao et al.,
 * "FlashAttention" (2022), §3.1.
 *
 * @param query [B, h, N, d]
 * @param key [B, h, Nk, d]
 * @param value [B, h, Nk, d]
 * @param bias [h, N, Nk], or null for none
 * @returns [B, h, N, d]
 */
export function attention(
  query: tf.Tensor4D,
  key: tf.Tensor4D,
  value: tf.Tensor4D,
  bias: tf.Tensor3D | null,
  chunk: number,
): tf.Tensor4D {
  const queries = query.shape[2];
  const sizes = chunkSizes(queries, chunk);
  const inputs = bias === null ? ([query, key, value] as const) : ([query, key, value, bias] as const);
  return withGradient(
    inputs as readonly [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor], // without a bias, nobody looks at the fourth
    (keep) => {
      if (sizes.length === 1) {
        const weights = attentionWeights(query, key, bias);
        const mixed = tf.matMul(weights, value) as tf.Tensor4D;
        keep(query, key, value, mixed, weights);
        return mixed;
      }
      const parts: tf.Tensor4D[] = [];
      const biases = splitBias(bias, sizes);
      for (const [i, part] of splitQueries(query, sizes).entries()) {
        const mix = () => tf.matMul(attentionWeights(part, key, biases[i]!), value) as tf.Tensor4D;
        parts.push(inOrder(parts.slice(-1), mix));
      }
      const mixed = tf.concat(parts, 2);
      keep(query, key, value, mixed, ...(bias === null ? [] : [bias]));
      return mixed;
    },
    (dy, [query, key, value, mixed, last]) => {
      const whole = { query, key, value, mixed, dMixed: dy } as Part;
      const gradients =
        sizes.length === 1
          ? partGradients(whole, last as tf.Tensor4D, bias !== null)
          : chunkedGradients(whole, (last ?? null) as tf.Tensor3D | null, sizes);
      return gradients as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
    },
  );
}

/** [B, h, N, Nk], rows summing to one. */
function attentionWeights(query: tf.Tensor4D, key: tf.Tensor4D, bias: tf.Tensor3D | null): tf.Tensor4D {
  const logits = tf.matMul(query, key, false, true);
  return rawOp('Softmax', [bias === null ? logits : tf.add(logits, bias)]);
}

/** Some queries with their results, and all keys and values. */
interface Part {
  readonly query: tf.Tensor4D;
  readonly key: tf.Tensor4D;
  readonly value: tf.Tensor4D;
  readonly mixed: tf.Tensor4D;
  readonly dMixed: tf.Tensor4D;
}

/** Gradients of query, key, value and, where there is one, bias. */
function partGradients(
  { query, key, value, mixed, dMixed }: Part,
  weights: tf.Tensor4D,
  hasBias: boolean,
): tf.Tensor[] {
  const rowSums = tf.sum(tf.mul(dMixed, mixed), 3, true); // [B, h, N, 1], the sum of weights × their gradients
  const dWeights = tf.matMul(dMixed, value, false, true); // [B, h, N, Nk]
  const [dLogits] = fuse('softmaxGrad', [weights, dWeights, rowSums] as const, (weights, dWeights, rowSums) => [
    tf.mul(weights, tf.sub(dWeights, rowSums)),
  ]) as [tf.Tensor];
  return [
    tf.matMul(dLogits, key),
    tf.matMul(dLogits, query, true, false),
    tf.matMul(weights, dMixed, true, false),
    ...(hasBias ? [sumOverBatch(dLogits)] : []),
  ];
}

/** [B, ...] → [...]. */
const sumOverBatch = (x: tf.Tensor): tf.Tensor => (x.shape[0] === 1 ? tf.reshape(x, x.shape.slice(1)) : tf.sum(x, 0));

function chunkedGradients(whole: Part, bias: tf.Tensor3D | null, sizes: readonly number[]): tf.Tensor[] {
  const { key, value } = whole;
  const queries = splitQueries(whole.query, sizes);
  const mixed = splitQueries(whole.mixed, sizes);
  const dMixed = splitQueries(whole.dMixed, sizes);
  const biases = splitBias(bias, sizes);
  const parts: tf.Tensor[][] = [];
  for (const [i, query] of queries.entries()) {
    const part = { query, key, value, mixed: mixed[i]!, dMixed: dMixed[i]! };
    // Held back until its gradient is there: otherwise the weights would be computed, or kept, in the forward pass.
    const weights = inOrder([part.dMixed, ...(parts.at(-1) ?? [])], () => attentionWeights(query, key, biases[i]!));
    parts.push(partGradients(part, weights, bias !== null));
  }
  const column = (index: number) => parts.map((part) => part[index]!);
  return [
    tf.concat(column(0), 2),
    tf.addN(column(1)),
    tf.addN(column(2)),
    ...(bias === null ? [] : [tf.concat(column(3), 1)]),
  ];
}

/** As even as can be: a last small part would be another shape for nothing. */
function chunkSizes(queries: number, chunk: number): number[] {
  const count = Math.ceil(queries / chunk);
  return Array.from(
    { length: count },
    (_, i) => Math.floor(((i + 1) * queries) / count) - Math.floor((i * queries) / count),
  );
}

const splitQueries = (x: tf.Tensor4D, sizes: readonly number[]): tf.Tensor4D[] =>
  tf.split<tf.Tensor4D>(x, [...sizes], 2);

const splitBias = (bias: tf.Tensor3D | null, sizes: readonly number[]): (tf.Tensor3D | null)[] =>
  bias === null ? sizes.map(() => null) : tf.split<tf.Tensor3D>(bias, [...sizes], 1);
