import type { Size } from '../../geometry/size.js';
import type { Random } from '../../random.js';
import type { ShapePlan } from './shapes.js';

/** Which pictures go into a global batch, and the shape that it has. */
export interface GlobalBatch {
  /** [size] indices of records. */
  readonly indices: readonly number[];
  /** The first `distinct` of them count; the rest repeat pictures, to fill up the last batch of an aspect group. */
  readonly distinct: number;
  readonly shape: Size;
  /** What the short sides of the pictures become. Pixels. */
  readonly shortSide: number;
}

export interface GlobalBatchOptions {
  /** Pictures in a global batch. */
  readonly size: number;
  readonly shapes: ShapePlan;
  /** One is drawn for each global batch. */
  readonly shortSides: readonly number[];
}

/**
 * Global batches of pictures of one aspect group each, all of the same size: parts of one update have one shape, so none waits for
 * another that is larger.
 *
 * @param order indices of records; kept within each group
 * @param groupOf aspect group of a record
 * @param random draws the short sides and the order of the batches; without it the first short side and no shuffling
 */
export function planGlobalBatches(
  order: Iterable<number>,
  groupOf: (index: number) => number,
  { size, shapes, shortSides }: GlobalBatchOptions,
  random?: Random,
): GlobalBatch[] {
  const plans: GlobalBatch[] = [];
  const close = (group: number, members: readonly number[]) => {
    const shortSide = shortSides[random?.int(shortSides.length) ?? 0]!;
    const indices = Array.from({ length: size }, (_, i) => members[i % members.length]!);
    plans.push({ indices, distinct: members.length, shape: shapes.shapeOf(group, shortSide), shortSide });
  };
  const open: number[][] = Array.from({ length: shapes.groups }, () => []);
  for (const index of order) {
    const group = groupOf(index);
    const members = open[group]!;
    members.push(index);
    if (members.length < size) continue;
    close(group, members);
    open[group] = [];
  }
  for (const [group, members] of open.entries()) if (members.length > 0) close(group, members);
  return random ? random.shuffle(plans) : plans;
}

/**
 * The same batches, the first of them of one shape, the most frequent one: a run then prepares one shape, and has a steady rate, before
 * it meets the next.
 *
 * @param count how many at the beginning
 */
export function oneShapeFirst(plans: readonly GlobalBatch[], count: number): GlobalBatch[] {
  const byShape = new Map<string, GlobalBatch[]>();
  for (const plan of plans) {
    const key = `${plan.shape.width}x${plan.shape.height}`;
    const own = byShape.get(key);
    if (own) own.push(plan);
    else byShape.set(key, [plan]);
  }
  const most = [...byShape.values()].reduce((most, own) => (own.length > most.length ? own : most), []);
  const first = new Set(most.slice(0, count));
  return [...first, ...plans.filter((plan) => !first.has(plan))];
}

/** How many {@link planGlobalBatches} makes. */
export function countGlobalBatches(
  order: Iterable<number>,
  groupOf: (index: number) => number,
  { size, shapes }: Pick<GlobalBatchOptions, 'size' | 'shapes'>,
): number {
  const members = new Uint32Array(shapes.groups);
  for (const index of order) members[groupOf(index)]!++;
  return members.reduce((sum, count) => sum + Math.ceil(count / size), 0);
}
