import { describe, expect, it } from 'vitest';
import { classwiseNms } from '../../src/detection/nms.js';
import { iou } from '../../src/geometry/boxes.js';
import { Random } from '../../src/random.js';

type Row = [x1: number, y1: number, x2: number, y2: number, score: number, label?: number];

function keep(rows: Row[], maxDetections = 100, nmsIou = 0.5): number[] {
  const boxes = Float32Array.from(rows.flatMap((row) => row.slice(0, 4) as number[]));
  const scores = Float32Array.from(rows, (row) => row[4]);
  const labels = Int32Array.from(rows, (row) => row[5] ?? 0);
  return classwiseNms(boxes, scores, labels, { nmsIou, maxDetections });
}

describe('classwiseNms', () => {
  it.each<[string, Row[], number[]]>([
    ['no boxes', [], []],
    [
      // Overlaps with the first: 1/2, 0.49, 1. The last has its score too, and comes later.
      'an overlap of exactly the threshold stays; of equal scores the earlier one',
      [
        [0, 0, 10, 10, 0.9],
        [0, 0, 10, 5, 0.8],
        [0, 0, 10, 4.9, 0.7], // goes: 0.98 with the second
        [0, 0, 10, 10, 0.9],
      ],
      [0, 1],
    ],
    [
      'the best first',
      [
        [0, 0, 1, 1, 0.2],
        [5, 5, 6, 6, 0.9],
        [9, 9, 10, 10, 0.5],
      ],
      [1, 2, 0],
    ],
    [
      'other classes do not count',
      [
        [0, 0, 1, 1, 0.2, 0],
        [0, 0, 1, 1, 0.9, 1],
      ],
      [1, 0],
    ],
    [
      'a suppressed box suppresses nothing',
      // second overlaps the first with 7/13, third with the second likewise, first and third with 4/16
      [
        [0, 0, 10, 10, 0.9],
        [3, 0, 13, 10, 0.8],
        [6, 0, 16, 10, 0.7],
      ],
      [0, 2],
    ],
    [
      'boxes without area are left alone',
      [
        [1, 1, 1, 1, 0.9],
        [1, 1, 1, 1, 0.8],
      ],
      [0, 1],
    ],
  ])('%s', (_, rows, expected) => {
    expect(keep(rows)).toEqual(expected);
  });

  it('stops at maxDetections, over all classes', () => {
    const rows = Array.from({ length: 10 }, (_, i): Row => [i * 10, 0, i * 10 + 5, 5, 1 - i / 20, i % 2]);
    expect(keep(rows, 3)).toEqual([0, 1, 2]);
  });

  it('compares in single precision, as the reference does', () => {
    // Overlap 0.6 in single precision is above the double 0.6, but not above the float.
    const rows: Row[] = [
      [0, 0, 10, 10, 0.9],
      [0, 0, 10, 6, 0.8],
    ];
    expect(keep(rows, 100, 0.6)).toEqual([0, 1]);
    expect(keep(rows, 100, 0.59)).toEqual([0]);
  });

  it('equals suppression class by class, then the best of all, in 200 random cases', () => {
    const random = new Random(5);
    for (let trial = 0; trial < 200; trial++) {
      const rows = Array.from({ length: random.int(60) }, (): Row => {
        const [x, y] = [random.int(20), random.int(20)];
        return [x, y, x + 1 + random.int(15), y + 1 + random.int(15), random.int(10) / 10, random.int(3)];
      });
      const boxes = Float32Array.from(rows.flatMap((row) => row.slice(0, 4) as number[]));
      const kept: number[] = [];
      for (let label = 0; label < 3; label++) {
        let left = rows.flatMap((row, i) => (row[5] === label ? [i] : [])).sort((i, j) => rows[j]![4] - rows[i]![4]);
        while (left.length > 0) {
          const [best, ...others] = left as [number, ...number[]];
          kept.push(best);
          left = others.filter((i) => iou(boxes, best, boxes, i) <= 0.5);
        }
      }
      kept.sort((i, j) => rows[j]![4] - rows[i]![4] || i - j);
      expect(keep(rows, 7)).toEqual(kept.slice(0, 7));
    }
  });
});
