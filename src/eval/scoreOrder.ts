/** Below this, insertion is the fastest way to sort. */
const runLength = 24;

/**
 * Sorts `order[from .. to - 1]`, positions in `scores`, by falling score; equal scores keep their order, as NumPy's
 * mergesort of the negated scores does.
 *
 * @param scratch as long as `order`
 */
export function sortByFallingScore(
  order: Int32Array,
  from: number,
  to: number,
  scores: Float64Array,
  scratch: Int32Array,
): void {
  for (let start = from; start < to; start += runLength) {
    const end = Math.min(to, start + runLength);
    for (let i = start + 1; i < end; i++) {
      const moved = order[i]!;
      const score = scores[moved]!;
      let at = i;
      while (at > start && scores[order[at - 1]!]! < score) {
        order[at] = order[at - 1]!;
        at--;
      }
      order[at] = moved;
    }
  }
  for (let width = runLength; width < to - from; width *= 2) {
    for (let left = from; left + width < to; left += 2 * width) {
      mergeRuns(order, left, left + width, Math.min(to, left + 2 * width), scores, scratch);
    }
  }
}

function mergeRuns(
  order: Int32Array,
  left: number,
  middle: number,
  right: number,
  scores: Float64Array,
  scratch: Int32Array,
): void {
  if (scores[order[middle - 1]!]! >= scores[order[middle]!]!) return; // in order already
  for (let i = left; i < middle; i++) scratch[i] = order[i]!;
  let a = left;
  let b = middle;
  let at = left;
  while (a < middle && b < right) {
    order[at++] = scores[scratch[a]!]! >= scores[order[b]!]! ? scratch[a++]! : order[b++]!;
  }
  while (a < middle) order[at++] = scratch[a++]!;
}

/** Row numbers sorted by key (0 .. keys - 1), equal keys in the order of `rows`: one pass of a radix sort. */
export function sortByKey(rows: Int32Array, keyOf: Int32Array, keys: number): Int32Array {
  const next = new Int32Array(keys + 1);
  for (const row of rows) next[keyOf[row]! + 1]!++;
  for (let key = 0; key < keys; key++) next[key + 1]! += next[key]!;
  const sorted = new Int32Array(rows.length);
  for (const row of rows) sorted[next[keyOf[row]!]!++] = row;
  return sorted;
}
