/**
 * Places in a batch that several workers share, of the pictures that one of them has: [batchSize], in its own order.
 *
 * Pairs of a picture and the one as far from the end go round the workers, so that each has its pairs in the same places of its
 * own part. The loaders deal pictures so (`data/shard.ts`), and random numbers of a step follow them.
 *
 * @param batchSize pictures of each worker
 */
export function rowsOf(
  { index, count }: { readonly index: number; readonly count: number },
  batchSize: number,
): number[] {
  const last = batchSize * count - 1;
  const rows = Array.from({ length: Math.ceil(batchSize / 2) }, (_, pair) => index + count * pair);
  const partners = rows.slice(0, Math.floor(batchSize / 2)).map((row) => last - row);
  return [...rows, ...partners.reverse()];
}
