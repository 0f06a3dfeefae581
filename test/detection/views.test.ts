import { describe, expect, it } from 'vitest';
import type { Detections } from '../../src/detection/postprocess.js';
import { mergeViews, scaledRule, viewsOf } from '../../src/detection/views.js';
import { UsageError } from '../../src/errors.js';

describe('viewsOf', () => {
  it('no options: the picture as it is', () => {
    expect(viewsOf({})).toEqual([{ scale: 1, mirror: false }]);
  });

  it('two sizes and flips: each size as it is, then mirrored; a size given twice counts once', () => {
    expect(viewsOf({ flip: true, scales: [0.5, 1, 0.5] })).toEqual([
      { scale: 0.5, mirror: false },
      { scale: 0.5, mirror: true },
      { scale: 1, mirror: false },
      { scale: 1, mirror: true },
    ]);
  });

  it.each([[[]], [[0]], [[1, -1]], [[80, 100]], [[Number.NaN]]])('scales %j: refused', (scales) => {
    expect(() => viewsOf({ scales })).toThrow(UsageError);
  });
});

describe('scaledRule', () => {
  it('both sides, to the nearest pixel', () => {
    expect(scaledRule({ shortSide: 800, longSide: 1333 }, 1.25)).toEqual({ shortSide: 1000, longSide: 1666 }); // 1666.25
    expect(scaledRule({ shortSide: 800, longSide: 1333 }, 0.5)).toEqual({ shortSide: 400, longSide: 667 }); // 666.5
  });

  it('the shapes too, to multiples of 32', () => {
    const rule = { shortSide: 256, longSide: 512, shapes: [[256, 352]] } as const;
    expect(scaledRule(rule, 1.25)).toEqual({ shortSide: 320, longSide: 640, shapes: [[320, 448]] }); // 440
    expect(scaledRule(rule, 1)).toBe(rule);
  });
});

function found(...objects: readonly (readonly [box: number[], score: number, label: number])[]): Detections {
  return {
    boxes: Float32Array.from(objects.flatMap(([box]) => box)),
    scores: Float32Array.from(objects, ([, score]) => score),
    labels: Int32Array.from(objects, ([, , label]) => label),
  };
}

describe('mergeViews, a picture 100 pixels wide', () => {
  const picture = { width: 100, height: 50 };
  const asItIs = { scale: 1, mirror: false };
  const mirror = { scale: 1, mirror: true };
  const options = { nmsIou: 0.5, maxDetections: 100 };

  it('a box of the mirror image comes back: x from 60 ... 90 to 100 - 90 ... 100 - 60, y as it was', () => {
    const { boxes } = mergeViews([{ view: mirror, found: found([[60, 5, 90, 25], 0.5, 0]) }], picture, options);
    expect([...boxes]).toEqual([10, 5, 40, 25]);
  });

  it('one object in two views is one: the better box of its class stays', () => {
    const merged = mergeViews(
      [
        { view: asItIs, found: found([[10, 5, 40, 25], 0.5, 0]) },
        { view: mirror, found: found([[60, 5, 88, 25], 0.75, 0]) }, // x 12 ... 40: IoU 28 x 20 / (30 x 20) = 0.93
      ],
      picture,
      options,
    );
    expect([...merged.boxes]).toEqual([12, 5, 40, 25]);
    expect([...merged.scores]).toEqual([0.75]);
  });

  it('another class on the same place stays, and so does what one view alone has seen; best first', () => {
    const merged = mergeViews(
      [
        { view: asItIs, found: found([[10, 5, 40, 25], 0.5, 0]) },
        { view: mirror, found: found([[60, 5, 90, 25], 0.25, 1], [[0, 0, 10, 10], 0.75, 0]) },
      ],
      picture,
      options,
    );
    expect([...merged.labels]).toEqual([0, 0, 1]);
    expect([...merged.scores]).toEqual([0.75, 0.5, 0.25]);
    expect([...merged.boxes]).toEqual([...[90, 0, 100, 10], ...[10, 5, 40, 25], ...[10, 5, 40, 25]]);
  });

  it('of two boxes of one score the earlier view is kept; no more boxes stay than are allowed', () => {
    const views = [
      { view: mirror, found: found([[60, 5, 90, 25], 0.5, 0]) },
      { view: asItIs, found: found([[11, 5, 41, 25], 0.5, 0], [[70, 5, 90, 25], 0.25, 0]) },
    ];
    expect([...mergeViews(views, picture, { ...options, maxDetections: 1 }).boxes]).toEqual([10, 5, 40, 25]);
  });

  it('no view has found anything: nothing', () => {
    expect(mergeViews([{ view: mirror, found: found() }], picture, options)).toEqual(found());
  });
});
