import type { Size } from '../../geometry/size.js';
import type { Random } from '../../random.js';
import type { ShapePlan } from './shapes.js';

/** Which pictures go into a batch, and the shape that it has. */
export interface BatchPlan {
  /** [batchSize] indices of records. */
  readonly indices: readonly number[];
  /** The first `distinct` of them count; the rest repeat pictures, to fill up the last batch of an aspect group. */
  readonly distinct: number;
  readonly shape: Size;
  /** What the short sides of the pictures become. Pixels. */
  readonly shortSide: number;
}

export interface BatchOptions {
  readonly batchSize: number;
  readonly shapes: ShapePlan;
  /** One is drawn for each batch. */
  readonly shortSides: readonly number[];
}

/**
 * Batches of pictures of one aspect group each, all of the same size.
 *
 * @param order indices of records; kept within each group
 * @param groupOf aspect group of a record
 * @param random draws the short sides and the order of the batches; without it the first short side and no shuffling
 */
export function planBatches(
  order: Iterable<number>,
  groupOf: (index: number) => number,
  { batchSize, shapes, shortSides }: BatchOptions,
  random?: Random,
): BatchPlan[] {
  const plans: BatchPlan[] = [];
  const close = (group: number, members: readonly number[]) => {
    const shortSide = shortSides[random?.int(shortSides.length) ?? 0]!;
    const indices = Array.from({ length: batchSize }, (_, i) => members[i % members.length]!);
    plans.push({ indices, distinct: members.length, shape: shapes.shapeOf(group, shortSide), shortSide });
  };
  const open: number[][] = Array.from({ length: shapes.groups }, () => []);
  for (const index of order) {
    const group = groupOf(index);
    const members = open[group]!;
    members.push(index);
    if (members.length < batchSize) continue;
    close(group, members);
    open[group] = [];
  }
  for (const [group, members] of open.entries()) if (members.length > 0) close(group, members);
  return random ? random.shuffle(plans) : plans;
}

/** Every `count`-th entry from `index` on. All shards are equally long: the entries go round once more to fill the last ones. */
export function shardOf<T>(
  entries: readonly T[],
  { index, count }: { readonly index: number; readonly count: number },
): T[] {
  const length = Math.ceil(entries.length / count);
  return Array.from({ length }, (_, i) => entries[(i * count + index) % entries.length]!);
}
