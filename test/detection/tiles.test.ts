import { describe, expect, test } from 'vitest';
import { mergeTiles, type Tile, tilesOf } from '../../src/detection/tiles.js';

const options = { nmsIou: 0.5, maxDetections: 100 };

describe('tiles of a picture', () => {
  test('one, where it is no larger than a tile', () => {
    expect(tilesOf({ width: 500, height: 300 }, { side: 800 })).toEqual([{ left: 0, top: 0, width: 500, height: 300 }]);
  });

  test('1000 wide, tiles of 400 that share a fifth: three, the last of which ends with the picture', () => {
    const lefts = tilesOf({ width: 1000, height: 400 }, { side: 400, overlap: 0.2 }).map(({ left }) => left);
    expect(lefts).toEqual([0, 300, 600]); // (1000 - 400) / 320 is more than one step and at most two
  });

  test.each([
    [1000, 700, 256, 0.2],
    [257, 256, 256, 0],
    [333, 999, 100, 0.5],
  ])(
    '%i x %i by %i, overlap %d: every pixel is in some tile, and neighbours share enough',
    (width, height, side, overlap) => {
      const tiles = tilesOf({ width, height }, { side, overlap });
      for (const [start, length, pixels] of [
        ['left', 'width', width],
        ['top', 'height', height],
      ] as const) {
        const starts = [...new Set(tiles.map((tile) => tile[start]))];
        expect(starts[0]).toBe(0);
        expect(starts.at(-1)! + tiles[0]![length]).toBe(pixels);
        for (const [i, at] of starts.slice(1).entries())
          expect(at - starts[i]!).toBeLessThanOrEqual(side * (1 - overlap) + 1);
      }
    },
  );
});

describe('merging, two tiles of 100 in a picture of 150', () => {
  const picture = { width: 150, height: 100 };
  const left: Tile = { left: 0, top: 0, width: 100, height: 100 };
  const right: Tile = { left: 50, top: 0, width: 100, height: 100 };
  const found = (...boxes: [number, number, number, number, score: number, label?: number][]) => ({
    boxes: Float32Array.from(boxes.flatMap((box) => box.slice(0, 4) as number[])),
    scores: Float32Array.from(boxes, (box) => box[4]),
    labels: Int32Array.from(boxes, (box) => box[5] ?? 0),
  });
  const merged = (a: ReturnType<typeof found>, b: ReturnType<typeof found>) => {
    const parts = [
      { tile: left, found: a },
      { tile: right, found: b },
    ];
    const { boxes, scores } = mergeTiles(parts, picture, options);
    return Array.from(scores, (score, i) => [...boxes.subarray(4 * i, 4 * i + 4), Number(score.toFixed(2))]);
  };

  test('boxes come to the pixels of the picture, best first', () => {
    expect(merged(found([10, 10, 20, 20, 0.6]), found([60, 10, 80, 30, 0.9]))).toEqual([
      [110, 10, 130, 30, 0.9],
      [10, 10, 20, 20, 0.6],
    ]);
  });

  test('what both tiles see whole is found once', () => {
    expect(merged(found([60, 40, 80, 60, 0.6]), found([10, 40, 30, 60, 0.7]))).toEqual([[60, 40, 80, 60, 0.7]]);
  });

  test('a part that the edge of a tile has cut goes, though it overlaps the whole too little and scores higher', () => {
    expect(merged(found([90, 0, 100, 40, 0.9]), found([40, 0, 80, 40, 0.5]))).toEqual([[90, 0, 130, 40, 0.5]]);
  });

  test('it stays where nothing whole is there, or only one of another class', () => {
    expect(merged(found([90, 0, 100, 40, 0.9]), found())).toHaveLength(1);
    expect(merged(found([90, 0, 100, 40, 0.9]), found([40, 0, 80, 40, 0.5, 1]))).toHaveLength(2);
  });

  test('an edge of the picture cuts nothing', () => {
    expect(merged(found([0, 0, 30, 30, 0.9]), found([70, 70, 100, 100, 0.8]))).toHaveLength(2);
  });
});
