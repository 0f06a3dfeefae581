/** The best scores of a level, where no graph has picked them. */

/** Candidates of a level, best first. */
export interface TopCandidates {
  /** [k], after the sigmoid; all exceed the threshold. */
  readonly scores: Float32Array;
  /** [k]: place · K + label. */
  readonly indices: Int32Array;
}

const f32 = Math.fround;

export const sigmoid = (logit: number): number => f32(1 / (1 + Math.exp(-logit)));

/**
 * The `count` best of a level's scores that exceed the threshold. Of equal ones the earlier comes first, as with TensorFlow's TopK.
 *
 * @param logits [P · K] of P places
 */
export function topCandidates(logits: Float32Array, count: number, scoreThreshold: number): TopCandidates {
  const threshold = f32(scoreThreshold);
  const above: number[] = [];
  for (const [i, logit] of logits.entries()) if (sigmoid(logit) > threshold) above.push(i);
  const best = above.sort((i, j) => logits[j]! - logits[i]!).slice(0, count); // sort() keeps the order of equals
  return { scores: Float32Array.from(best, (i) => sigmoid(logits[i]!)), indices: Int32Array.from(best) };
}

/** Rows of [P, n] for the places of candidates: [k, n]. */
export function rowsOfPlaces(
  values: Float32Array,
  { indices }: TopCandidates,
  classes: number,
  n: number,
): Float32Array {
  const rows = new Float32Array(indices.length * n);
  for (const [i, index] of indices.entries()) {
    const from = Math.floor(index / classes) * n;
    rows.set(values.subarray(from, from + n), i * n);
  }
  return rows;
}
