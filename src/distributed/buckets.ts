/** Bytes after which a bucket is closed: large enough for the network's rate, small enough to start long before the last gradient. */
export const bucketBytes = 16 * 2 ** 20;

const bytesPerFloat = 4;

/**
 * Neighbouring tensors in buckets of at least `bytes`, but for the last one.
 *
 * @param sizes numbers in each tensor, in the order in which they become ready
 * @returns index of the first tensor of each bucket, and of the one after it
 */
export function planBuckets(sizes: readonly number[], bytes = bucketBytes): [from: number, to: number][] {
  const buckets: [number, number][] = [];
  let from = 0;
  let held = 0;
  for (const [i, size] of sizes.entries()) {
    held += size * bytesPerFloat;
    if (held < bytes && i < sizes.length - 1) continue;
    buckets.push([from, i + 1]);
    from = i + 1;
    held = 0;
  }
  return buckets;
}
