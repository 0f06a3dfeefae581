/**
 * The few padded shapes that pictures are batched in.
 *
 * Every shape costs a traced graph, so their number is bounded; every pixel of padding costs time. `chooseShapes` finds the
 * shapes within the bound that leave the least padding over a whole data set.
 */
import { type InputRule, inferenceShape, inputSize, paddedSize, type Size } from '../../geometry/size.js';

export interface ShapePlan {
  /** All shapes that can occur. */
  readonly shapes: readonly Size[];
  /** Aspect group of a picture of this original size. A batch never mixes two groups. */
  groupOf(size: Size): number;
  readonly groups: number;
  /** The padded shape of a group when its short side is this one. */
  shapeOf(group: number, shortSide: number): Size;
}

export interface ShapeOptions {
  /** The short sides that training draws from; one of them outside multi-scale training. Pixels. */
  readonly shortSides: readonly number[];
  readonly longSide: number;
  readonly maxShapes: number;
}

/**
 * Splits the sorted aspect ratios into groups, and the sorted short sides into runs that share a shape, so that
 * groups x runs <= maxShapes and the padded area, summed over pictures and short sides, is least.
 *
 * @param sizes original size of each picture of the data set; not empty
 */
export function chooseShapes(sizes: readonly Size[], { shortSides, longSide, maxShapes }: ShapeOptions): ShapePlan {
  const sides = [...new Set(shortSides)].sort((a, b) => a - b);
  const kinds = aspectKinds(sizes, sides, longSide);
  let best: Split | undefined;
  for (let groups = 1; groups <= Math.min(maxShapes, kinds.length); groups++) {
    const split = splitInto(groups, Math.floor(maxShapes / groups), kinds, sides.length);
    if (!best || split.area < best.area) best = split;
  }
  return shapePlan(best!, sides);
}

/** Pictures of about the same aspect ratio: all that have one padded shape at the largest short side. */
interface AspectKind {
  readonly count: number;
  /** Smallest and largest height / width inside. */
  readonly low: number;
  readonly high: number;
  /** [sides] the padded shape that holds them all, for each short side. */
  readonly padded: readonly Size[];
}

/** The kinds of a data set, from the widest to the tallest. */
function aspectKinds(sizes: readonly Size[], sides: readonly number[], longSide: number): AspectKind[] {
  const counts = new Map<string, { size: Size; count: number }>();
  for (const size of sizes) {
    const key = `${size.width}x${size.height}`;
    const entry = counts.get(key);
    if (entry) entry.count++;
    else counts.set(key, { size, count: 1 });
  }
  const kinds = new Map<string, AspectKind>();
  for (const { size, count } of counts.values()) {
    const padded = sides.map((shortSide) => paddedSize(inputSize(size, { shortSide, longSide })));
    const largest = padded.at(-1)!;
    const ratio = size.height / size.width;
    const key = `${largest.width}x${largest.height}`;
    const kind = { count, low: ratio, high: ratio, padded };
    const known = kinds.get(key);
    kinds.set(key, known ? merge([known, kind]) : kind);
  }
  return [...kinds.values()].sort((a, b) => a.low - b.low);
}

function merge(kinds: readonly AspectKind[]): AspectKind {
  return {
    count: kinds.reduce((sum, { count }) => sum + count, 0),
    low: Math.min(...kinds.map(({ low }) => low)),
    high: Math.max(...kinds.map(({ high }) => high)),
    padded: kinds[0]!.padded.map((_, i) => ({
      width: Math.max(...kinds.map(({ padded }) => padded[i]!.width)),
      height: Math.max(...kinds.map(({ padded }) => padded[i]!.height)),
    })),
  };
}

/** One way to split: merged kinds, and where the runs of short sides end (exclusive). */
interface Split {
  readonly groups: readonly AspectKind[];
  readonly runEnds: readonly number[];
  readonly area: number;
}

function splitInto(groupCount: number, maxRuns: number, kinds: readonly AspectKind[], sideCount: number): Split {
  const largestArea = (from: number, to: number) => {
    const group = merge(kinds.slice(from, to));
    return group.count * area(group.padded.at(-1)!);
  };
  const { ends } = bestPartition(kinds.length, groupCount, largestArea);
  const groups = ends.map((end, i) => merge(kinds.slice(ends[i - 1] ?? 0, end)));
  const runArea = (from: number, to: number) =>
    groups.reduce((sum, { count, padded }) => sum + count * area(padded[to - 1]!) * (to - from), 0);
  const runs = bestPartition(sideCount, Math.min(maxRuns, sideCount), runArea);
  return { groups, runEnds: runs.ends, area: runs.cost };
}

const area = ({ width, height }: Size) => width * height;

/** Splits 0 .. n into `parts` neighbouring ranges of least total cost, by dynamic programming over the last range's start. */
function bestPartition(n: number, parts: number, costOf: (from: number, to: number) => number) {
  type Best = { cost: number; ends: readonly number[] };
  let best: (Best | undefined)[] = [{ cost: 0, ends: [] }];
  for (let part = 0; part < parts; part++) {
    const next: (Best | undefined)[] = [];
    for (let to = part + 1; to <= n; to++) {
      for (let from = part; from < to; from++) {
        const before = best[from];
        if (!before) continue;
        const cost = before.cost + costOf(from, to);
        if (cost < (next[to]?.cost ?? Infinity)) next[to] = { cost, ends: [...before.ends, to] };
      }
    }
    best = next;
  }
  return best[n]!;
}

function shapePlan({ groups, runEnds }: Split, sides: readonly number[]): ShapePlan {
  const shapeOf = (group: number, shortSide: number) => {
    const index = sides.indexOf(shortSide);
    if (index < 0) throw new RangeError(`short side ${shortSide} is none of ${sides.join(', ')}`);
    return groups[group]!.padded[runEnds.find((end) => index < end)! - 1]!;
  };
  // Between two groups the border is half-way; a picture on neither side of it, of a data set not planned for, still has a group.
  const borders = groups.slice(1).map(({ low }, i) => (groups[i]!.high + low) / 2);
  const shapes = groups.flatMap((_, group) => runEnds.map((end) => shapeOf(group, sides[end - 1]!)));
  return {
    shapes: [...new Map(shapes.map((shape) => [`${shape.width}x${shape.height}`, shape])).values()],
    groups: groups.length,
    groupOf: ({ width, height }) => {
      const above = borders.findIndex((border) => height / width < border);
      return above < 0 ? groups.length - 1 : above;
    },
    shapeOf,
  };
}

/** The shapes that inference gives pictures, each by itself: the same whatever else is in the data set. */
export function inferenceShapePlan(sizes: readonly Size[], rule: InputRule): ShapePlan {
  const shapeOfSize = (size: Size) => inferenceShape(inputSize(size, rule), rule);
  const keyOf = ({ width, height }: Size) => `${width}x${height}`;
  const shapes = [...new Map(sizes.map(shapeOfSize).map((shape) => [keyOf(shape), shape])).values()];
  const groups = new Map(shapes.map((shape, group) => [keyOf(shape), group]));
  return {
    shapes,
    groups: shapes.length,
    groupOf: (size) => groups.get(keyOf(shapeOfSize(size)))!,
    shapeOf: (group) => shapes[group]!,
  };
}
