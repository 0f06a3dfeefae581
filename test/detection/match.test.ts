import { describe, expect, it } from 'vitest';
import { type AnchorGrid, generateAnchors, pyramidLevels } from '../../src/detection/anchors.js';
import { assignBatch, assignTargets, ignoreLabel } from '../../src/detection/assign.js';
import { decode } from '../../src/detection/coder.js';
import { matchAnchors, matchState } from '../../src/detection/match.js';
import { iou } from '../../src/geometry/boxes.js';
import type { Size } from '../../src/geometry/size.js';
import { Random } from '../../src/random.js';

const { background, ignore } = matchState;

/** One row of 16 px squares at centres 0, 16, 32, ... */
const row = (cells: number, height = 1): AnchorGrid =>
  generateAnchors([{ height, width: cells, stride: 16 }], { baseScale: 1, scalesPerOctave: 1, aspectRatios: [1] });
const wide: Size = { height: 32, width: 4096 };

describe('matchAnchors, by hand', () => {
  it.each<[string, number[][], number[]]>([
    // Anchors: [-8, -8, 8, 8], [8, -8, 24, 8], [24, -8, 40, 8], [40, -8, 56, 8]
    ['no targets', [], [background, background, background, background]],
    ['an exact fit', [[8, -8, 24, 8]], [background, 0, background, background]],
    [
      'a later target takes its best anchor even from an exact fit',
      [
        [8, -8, 24, 8],
        [8, -8, 24, 0],
      ],
      [background, 1, background, background],
    ],
    ['a box of no area takes nothing', [[8, -8, 8, 8]], [background, background, background, background]],
    [
      'a box outside of all anchors takes nothing',
      [[900, 900, 950, 950]],
      [background, background, background, background],
    ],
    // overlaps anchor 1 with 16 / 24 and anchor 2 with 8 / 32
    ['the best anchor', [[8, -8, 32, 8]], [background, 0, background, background]],
    // 16 / 32 with anchors 1 and 2
    ['two anchors equally well', [[8, -8, 40, 8]], [background, 0, 0, background]],
    // 4 × 4 within anchor 3: overlap 16 / 256, and still its own
    ['a small box takes what it overlaps most', [[44, 0, 48, 4]], [background, background, background, 0]],
    // [16, 32] lies half in anchor 1 and half in anchor 2, overlap 8 / 24 = ⅓ with both: both are its best
    ['ties far below the threshold', [[16, -8, 32, 8]], [background, 0, 0, background]],
    // Two copies: the later one takes all that both want.
    [
      'the same box twice',
      [
        [8, -8, 24, 8],
        [8, -8, 24, 8],
      ],
      [background, 1, background, background],
    ],
  ])('%s', (_, boxes, expected) => {
    expect([...matchAnchors(row(4), Float32Array.from(boxes.flat()), wide)]).toEqual(expected);
  });

  it('leaves out what lies between the thresholds', () => {
    const boxes = Float32Array.of(20, -8, 40, 8); // anchor 2: 16 / 20 = 0.8; anchor 1: 4 / 32 = 0.125
    expect([...matchAnchors(row(4), boxes, wide)]).toEqual([background, background, 0, background]);
    const shifted = Float32Array.of(14, -8, 40, 8); // anchor 2: 16 / 26 = 0.62; anchor 1: 10 / 32 = 0.31
    expect([...matchAnchors(row(4), shifted, wide)]).toEqual([background, background, 0, background]);
    const long = Float32Array.of(10, -8, 40, 8); // anchor 2: 16 / 30 = 0.53; anchor 1: 14 / 32 = 0.4375, ignored
    expect([...matchAnchors(row(4), long, wide)]).toEqual([background, ignore, 0, background]);
  });

  it('an overlap of exactly 0.5 is foreground', () => {
    // 12 px squares every 4 px, an exact fit of the third: 8 / 16 with its neighbours, 4 / 20 with those beyond
    const grid = generateAnchors([{ height: 1, width: 5, stride: 4 }], {
      baseScale: 3,
      scalesPerOctave: 1,
      aspectRatios: [1],
    });
    expect([...matchAnchors(grid, Float32Array.of(2, -6, 14, 6), wide)]).toEqual([background, 0, 0, 0, background]);
  });

  it('an anchor between two targets goes to the first', () => {
    // The same squares; the targets fit the second and the fourth exactly, and the third has 8 / 16 with both.
    const grid = generateAnchors([{ height: 1, width: 5, stride: 4 }], {
      baseScale: 3,
      scalesPerOctave: 1,
      aspectRatios: [1],
    });
    const [left, right] = [
      [-2, -6, 10, 6],
      [6, -6, 18, 6],
    ];
    expect([...matchAnchors(grid, Float32Array.of(...left, ...right), wide)]).toEqual([0, 0, 0, 1, 1]);
    expect([...matchAnchors(grid, Float32Array.of(...right, ...left), wide)]).toEqual([1, 1, 0, 0, 0]);
  });

  it('an overlap of exactly 0.4 is ignored', () => {
    // 7 px squares every 3 px: 4 / 10 with the neighbours
    const grid = generateAnchors([{ height: 1, width: 5, stride: 3 }], {
      baseScale: 7 / 3,
      scalesPerOctave: 1,
      aspectRatios: [1],
    });
    const box = Float32Array.of(2.5, -3.5, 9.5, 3.5);
    expect([...matchAnchors(grid, box, wide)]).toEqual([background, ignore, 0, ignore, background]);
  });

  it("ignores the cells outside of the image's own padded area", () => {
    // 33 px wide: padded to 64, 4 columns of 16; 10 px high: padded to 32, 2 rows.
    const matches = matchAnchors(row(6, 3), Float32Array.of(56, -8, 72, 8), { height: 10, width: 33 });
    expect([...matches]).toEqual([
      // The box fits column 4 exactly, but that is padding; column 3 only touches it.
      ...[background, background, background, background, ignore, ignore],
      ...[background, background, background, background, ignore, ignore],
      ...[ignore, ignore, ignore, ignore, ignore, ignore],
    ]);
  });
});

/** The rules of mmdet's MaxIoUAssigner, word by word: all overlaps, then the maxima of columns and rows. */
function literalMatches(grid: AnchorGrid, boxes: Float32Array, imageSize: Size): number[] {
  const valid = grid.levels.flatMap(({ height, width, stride }) =>
    Array.from({ length: height * width * grid.perCell }, (_, i) => {
      const cell = Math.floor(i / grid.perCell);
      const own = (side: number) => Math.ceil((Math.ceil(side / 32) * 32) / stride);
      return Math.floor(cell / width) < own(imageSize.height) && cell % width < own(imageSize.width);
    }),
  );
  const overlaps = Array.from({ length: boxes.length / 4 }, (_, g) =>
    valid.map((inside, r) => (inside ? iou(boxes, g, grid.anchors, r) : -1)),
  );
  const matches = valid.map((inside, r): number => {
    if (!inside) return ignore;
    const column = overlaps.map((overlap) => overlap[r]!);
    const best = Math.max(0, ...column);
    if (best >= 0.5) return column.indexOf(best);
    return best < Math.fround(0.4) ? background : ignore;
  });
  for (const [g, overlap] of overlaps.entries()) {
    const best = overlap.reduce((a, b) => Math.max(a, b), 0);
    if (best === 0) continue;
    for (const [r, value] of overlap.entries()) if (value === best) matches[r] = g;
  }
  return matches;
}

describe('matchAnchors, against the rules taken literally', () => {
  const random = new Random(3);
  const box = ({ height, width }: Size, whole: boolean) => {
    const side = (limit: number) => Math.min(limit, 2 ** random.uniform(0, Math.log2(limit)));
    const [w, h] = [side(width), side(height)];
    const [x, y] = [random.uniform(0, width - w), random.uniform(0, height - h)];
    return [x, y, x + w, y + h].map(whole ? Math.round : Number); // whole numbers make ties
  };

  it.each(Array.from({ length: 40 }, (_, i) => i))('random case %d', () => {
    const image = { height: 20 + random.int(180), width: 20 + random.int(180) };
    const padding = { height: image.height + random.int(150), width: image.width + random.int(150) };
    const batch = { height: Math.ceil(padding.height / 32) * 32, width: Math.ceil(padding.width / 32) * 32 };
    const grid = generateAnchors(pyramidLevels(batch));
    const boxes = Float32Array.from(Array.from({ length: random.int(12) }, () => box(image, random.bool())).flat());
    expect([...matchAnchors(grid, boxes, image)]).toEqual(literalMatches(grid, boxes, image));
  });

  it('a target of each size has its anchors at 800 × 1280, quickly', () => {
    const image = { height: 800, width: 1280 };
    const grid = generateAnchors(pyramidLevels(image));
    const boxes = Float32Array.from(Array.from({ length: 30 }, () => box(image, false)).flat());
    matchAnchors(grid, boxes, image); // compiled by now
    const start = performance.now();
    const matches = matchAnchors(grid, boxes, image);
    const ms = performance.now() - start;
    expect(new Set(matches)).toEqual(new Set([background, ignore, ...Array.from({ length: 30 }, (_, g) => g)]));
    expect(ms).toBeLessThan(100); // about 1 on an idle core; all 5.8 million overlaps one by one take longer than this
  });
});

describe('assignTargets', () => {
  it('labels, deltas and the count of foreground', () => {
    const targets = { boxes: Float32Array.of(10, -8, 40, 8), labels: Int32Array.of(3) };
    const { labels, deltas, foreground } = assignTargets(row(4), targets, wide, 7);
    expect([...labels]).toEqual([7, ignoreLabel, 3, 7]);
    // Anchor [24, 40], box [10, 40]: dx = (25 - 32) / 16, dw = ln(30 / 16)
    expect([...deltas]).toEqual([
      ...Array(8).fill(0),
      -7 / 16,
      0,
      Math.fround(Math.log(30 / 16)),
      0,
      ...Array(4).fill(0),
    ]);
    expect(foreground).toBe(1);
  });

  it('foreground deltas decode to the target', () => {
    const image = { height: 200, width: 300 };
    const grid = generateAnchors(pyramidLevels({ height: 224, width: 320 }));
    const targets = { boxes: Float32Array.of(10, 20, 110, 80, 200.5, 100.25, 299, 199), labels: Int32Array.of(0, 1) };
    const { labels, deltas, foreground } = assignTargets(grid, targets, image, 2);
    const positive = [...labels.keys()].filter((r) => labels[r] === 0 || labels[r] === 1);
    expect(positive).toHaveLength(foreground);
    expect(foreground).toBeGreaterThan(10);
    for (const r of positive) {
      const expected = targets.boxes.subarray(4 * labels[r]!, 4 * labels[r]! + 4);
      for (const [k, value] of decode(grid.anchors, r, deltas, r).entries()) expect(value).toBeCloseTo(expected[k]!, 3);
    }
  });

  it('an image without targets is all background', () => {
    const { labels, deltas, foreground } = assignTargets(
      row(3),
      { boxes: new Float32Array(), labels: new Int32Array() },
      wide,
      7,
    );
    expect([...labels, ...deltas, foreground]).toEqual([7, 7, 7, ...Array(12).fill(0), 0]);
  });
});

it('assignBatch puts the images side by side', () => {
  const one = { boxes: Float32Array.of(8, -8, 24, 8), labels: Int32Array.of(2), size: wide };
  const none = { boxes: new Float32Array(), labels: new Int32Array(), size: { height: 32, width: 32 } };
  const { labels, deltas, foreground } = assignBatch(row(3), [none, one], 5);
  expect([...labels]).toEqual([5, 5, ignoreLabel, 5, 2, 5]);
  expect(deltas).toHaveLength(2 * 3 * 4);
  expect([...foreground]).toEqual([0, 1]);
});
