/** What goes wrong for people who measure detectors, as public threads tell it; AP figures are those of pycocotools 2.0.11. */
import { describe, expect, it } from 'vitest';
import { DetectionColumnsBuilder } from '../../src/data/coco/detectionColumns.js';
import { evaluateCoco } from '../../src/eval/cocoEval.js';
import { Random } from '../../src/random.js';

type Box = [number, number, number, number];

/** One image 640 x 480, one category, area = width x height, ids from 1, unless an entry says otherwise. */
function truth(boxes: (Box | Record<string, unknown>)[], images: object[] = [{ id: 1, width: 640, height: 480 }]) {
  const annotations = boxes.map((entry, i) => {
    const fields: Record<string, unknown> = Array.isArray(entry) ? { bbox: entry } : entry;
    const bbox = fields.bbox as Box;
    return { id: i + 1, image_id: 1, category_id: 1, area: bbox[2] * bbox[3], iscrowd: 0, ...fields };
  });
  return { images, annotations, categories: [{ id: 1, name: 'a' }] };
}

const found = (bbox: Box, score: number, image_id: number | string = 1, category_id = 1) => {
  return { image_id, category_id, bbox, score };
};

const ap = (...args: Parameters<typeof evaluateCoco>) => evaluateCoco(...args).stats.AP;

describe('keys that files lack', () => {
  const boxes: Box[] = [
    [10, 10, 20, 20],
    [100, 100, 20, 20],
  ];
  const detections = [found(boxes[0]!, 0.9), found(boxes[1]!, 0.8)];

  it('no area in one annotation, no iscrowd in the other: as with the whole file', () => {
    const partial = truth([
      { bbox: boxes[0], area: undefined },
      { bbox: boxes[1], iscrowd: undefined },
    ]);
    expect(ap(partial, detections)).toBe(1);
    expect(evaluateCoco(partial, detections).stats).toEqual(evaluateCoco(truth(boxes), detections).stats);
  });

  // The reference gives 0.252475 for (0, 1) and (7, 7): to it, id 0 is "no match", and of equal ids the last wins.
  it.each([[[0, 1]], [[7, 7]], [[1, 2]], [[undefined, undefined]]])('annotation ids %j do not matter', (ids) => {
    expect(ap(truth(boxes.map((bbox, i) => ({ bbox, id: ids[i] }))), detections)).toBe(1);
  });
});

describe('ids', () => {
  it('image ids that are strings', () => {
    const id = '0000001_02999_d_0000005';
    const groundTruth = truth([{ bbox: [0, 0, 50, 50], image_id: id }], [{ id }]);
    expect(ap(groundTruth, [found([0, 0, 50, 50], 0.9, id)])).toBe(0.9999999999999998);
  });

  it('categories 90, 3, 0: the order of the file changes nothing, and 0 is a category', () => {
    const ids = [90, 3, 0];
    const boxes = ids.map((category_id, i) => ({ category_id, bbox: [100 * i, 0, 50, 50] as Box }));
    const detections = boxes.map(({ bbox, category_id }) => found(bbox, 0.9, 1, category_id));
    const inOrder = (order: number[]) =>
      evaluateCoco({ ...truth(boxes), categories: order.map((id) => ({ id, name: `c${id}` })) }, detections);
    const { stats, perCategory } = inOrder(ids);
    expect(stats.AP).toBeCloseTo(1, 12);
    expect(perCategory.map(({ id, name }) => [id, name])).toEqual([
      [0, 'c0'],
      [3, 'c3'],
      [90, 'c90'],
    ]);
    expect(inOrder([0, 3, 90]).stats).toEqual(stats);
  });

  it('detections in images that do not exist', () => {
    const detections = [found([0, 0, 5, 5], 0.9), found([0, 0, 5, 5], 0.8, 55), found([0, 0, 5, 5], 0.7, 55)];
    expect(() => evaluateCoco(truth([[0, 0, 5, 5]]), detections)).toThrowErrorMatchingInlineSnapshot(`
      [DatasetError: results: 1 problem
        [1].image_id: no entry has this id: image_id 55 (number)
      2 of 3 detections name 1 images that the ground truth does not have.]
    `);
    expect(() =>
      evaluateCoco(truth([[0, 0, 5, 5]]), [found([0, 0, 5, 5], 1, '1')]),
    ).toThrowErrorMatchingInlineSnapshot(`
      [DatasetError: results: 1 problem
        [0].image_id: image_id "1" (string) vs id 1 (number): write both the same way
      1 of 1 detections name 1 images that the ground truth does not have.]
    `);
  });

  it('30,000 categories: one sentence, and as one they are measured', () => {
    const categories = Array.from({ length: 30_000 }, (_, id) => ({ id, name: `c${id}` }));
    const file = { ...truth([[10, 10, 50, 50]]), categories };
    const detections = [found([10, 10, 50, 50], 0.9)];
    expect(() => evaluateCoco(file, detections)).toThrow(
      'categories: 30000, and curves of at most 22148 fit into memory',
    );
    expect(ap(file, detections, { useCats: false })).toBeCloseTo(1, 12);
  });

  it('detections of categories that do not exist are counted, not scored', () => {
    const detections = [found([0, 0, 50, 50], 0.9), found([0, 0, 50, 50], 0.95, 1, 7)];
    const { stats, notScored } = evaluateCoco(truth([[0, 0, 50, 50]]), detections);
    expect(stats.AP).toBe(0.9999999999999998);
    expect(notScored).toEqual({ unknownCategory: 1, beyondMaxDets: 0, crowdRegions: 0 });
  });
});

describe('boxes', () => {
  it('an object without height is a miss', () => {
    const flat: Box = [296.65, 388.33, 1.03, 0];
    expect(ap(truth([[10, 10, 50, 50], flat]), [found([10, 10, 50, 50], 0.9)])).toBeCloseTo(0.50495, 5);
  });

  it('an object of negative size is a miss', () => {
    const negative: Box = [500, 533, -269, -278];
    expect(ap(truth([[10, 10, 50, 50], negative]), [found([10, 10, 50, 50], 0.9)])).toBeCloseTo(0.50495, 5);
  });

  it('boxes and scores of detections must be finite numbers', () => {
    const detections = [
      found([Number.NaN, 0, 5, 5], 0.9),
      found([0, 0, 5, 5], Number.NaN),
      { ...found([0, 0, 5, 5], 1), score: '0.9' },
      { ...found([0, 0, 5, 5], 1), bbox: [null, 0, 5, 5] },
      7,
    ];
    expect(() => evaluateCoco(truth([[0, 0, 5, 5]]), detections)).toThrowErrorMatchingInlineSnapshot(`
      [DatasetError: results: 5 problems
        [0].bbox: expected [x, y, width, height], four finite numbers, found [NaN, 0, 5, 5]
        [1].score: expected a finite number, found NaN (number)
        [2].score: expected a finite number, found "0.9" (string)
        [3].bbox: expected [x, y, width, height], four finite numbers, found [null, 0, 5, 5]
        [4]: expected an object, found 7 (number)]
    `);
  });

  it('huge but finite numbers are numbers', () => {
    expect(ap(truth([[0, 0, 5, 5]]), [found([1e308, 1e308, 1e308, 1e308], 0.9)])).toBe(0);
  });
});

describe('nothing there', () => {
  it('no detections: 0', () => {
    const { stats } = evaluateCoco(truth([[0, 0, 50, 50]]), []);
    expect([stats.AP, stats.AP50, stats.AR100, stats.APs]).toEqual([0, 0, 0, null]);
  });

  it('detections that are an object', () => {
    expect(() => evaluateCoco(truth([[0, 0, 5, 5]]), { detections: [] })).toThrowErrorMatchingInlineSnapshot(`
      [DatasetError: results: 1 problem
        (root): expected an array of detections, found an object]
    `);
    expect(() => evaluateCoco(truth([[0, 0, 5, 5]]), '{"a": 1}')).toThrow(
      'expected an array of detections, found an object',
    );
  });

  it('no ground truth: nothing to measure', () => {
    const { stats } = evaluateCoco(truth([]), [found([0, 0, 5, 5], 0.9)]);
    expect(new Set(Object.values(stats))).toEqual(new Set([null]));
    expect(Object.keys(stats)).toHaveLength(12);
  });

  it('a false positive on an image without objects counts', () => {
    const images = [1, 2, 3, 4].map((id) => ({ id }));
    const detections = [found([0, 0, 50, 50], 0.9), found([0, 0, 50, 50], 0.95, 3)];
    expect(ap(truth([[0, 0, 50, 50]], images), detections)).toBeCloseTo(0.5, 12);
  });
});

describe('limits on detections', () => {
  const boxes = Array.from({ length: 150 }, (_, i): Box => [30 * (i % 15), 30 * Math.floor(i / 15), 20, 20]);
  const detections = boxes.map((box, i) => found(box, 1 - i / 1000));

  it('150 objects in an image, all found: 100 count', () => {
    const { stats, notScored } = evaluateCoco(truth(boxes), detections);
    expect(stats.AP).toBeCloseTo(0.663366, 6);
    expect(stats.AR1).toBeCloseTo(0.006667, 6);
    expect(stats.AR10).toBeCloseTo(0.066667, 6);
    expect(stats.AR100).toBeCloseTo(0.666667, 6);
    expect(notScored.beyondMaxDets).toBe(50);
  });

  it('limits 1, 10, 300: AP is that of 300', () => {
    const { stats, perCategory, params } = evaluateCoco(truth(boxes), detections, { maxDets: [300, 1, 10] });
    expect([stats.AP, stats.AR300, perCategory[0]!.AR300]).toEqual([1, 1, 1]);
    expect(params.maxDets).toEqual([1, 10, 300]);
    expect(Object.keys(stats)).toContain('AR300');
  });

  it('a limit that is none', () => {
    expect(() => evaluateCoco(truth(boxes), [], { maxDets: [0] })).toThrow(
      'maxDets: expected whole numbers from 1, found [0]',
    );
  });
});

describe('equal scores', () => {
  const tp: Box = [0, 0, 50, 50];
  const fp: Box = [300, 300, 50, 50];

  it('within an image, the order of the file decides', () => {
    expect(ap(truth([tp]), [found(tp, 0.9), found(fp, 0.9)])).toBeCloseTo(1, 12);
    expect(ap(truth([tp]), [found(fp, 0.9), found(tp, 0.9)])).toBeCloseTo(0.5, 12);
  });

  it('between images, the lower id goes first, whatever the order of the file', () => {
    const images = [{ id: 2 }, { id: 1 }];
    const groundTruth = truth([tp, { bbox: tp, image_id: 2 }], images);
    const first = [found(tp, 0.9, 1), found(fp, 0.9, 2), found(tp, 0.8, 2)];
    const second = [found(fp, 0.9, 1), found(tp, 0.9, 2), found(tp, 0.8, 1)];
    for (const turn of [(x: object[]) => x, (x: object[]) => x.toReversed()]) {
      expect(ap(groundTruth, turn(first))).toBeCloseTo(0.834983, 6);
      expect(ap(groundTruth, turn(second))).toBeCloseTo(0.666667, 6);
    }
  });
});

describe('crowd regions', () => {
  const object: Box = [0, 0, 50, 50];
  const crowd = { bbox: [100, 100, 200, 200], iscrowd: 1 };
  const all: Box[] = [object, [120, 120, 20, 20], [150, 150, 20, 20], [400, 300, 40, 40]];

  it('what is found in one is no fault, as often as it happens', () => {
    const detections = [0.5, 0.9, 0.95, 0.1].map((score, i) => found(all[i]!, score));
    expect(ap(truth([object, crowd]), detections)).toBeCloseTo(1, 12);
  });

  it('overlap with one is intersection / area of the detection: 60 % inside', () => {
    const { stats } = evaluateCoco(truth([object, crowd]), [found(object, 0.5), found([60, 150, 100, 20], 0.9)]);
    expect(stats.AP).toBeCloseTo(0.65, 12);
    expect(stats.AP50).toBeCloseTo(1, 12);
    expect(stats.AP75).toBeCloseTo(0.5, 12);
  });

  it('crowds alone: nothing to measure', () => {
    expect(ap(truth([crowd]), [found([120, 120, 20, 20], 0.9)])).toBeNull();
  });

  it("an annotation's own `ignore` means nothing, as in the reference", () => {
    const ignored = { bbox: [300, 300, 50, 50], ignore: 1 };
    expect(ap(truth([object, ignored]), [found(object, 0.9)])).toBeCloseTo(0.50495, 5);
  });
});

describe('floating point', () => {
  it('an IoU of exactly 0.75 reaches the threshold 0.75', () => {
    const { stats } = evaluateCoco(truth([[0, 0, 10, 10]]), [found([0, 0, 7.5, 10], 0.9)]);
    expect(stats.AP).toBeCloseTo(0.6, 12);
    expect(stats.AP75).toBeCloseTo(1, 12);
  });

  it('7 of 10 found fill 70 recall thresholds, not 71: the 71st is 0.7000000000000001', () => {
    const boxes = Array.from({ length: 10 }, (_, i): Box => [30 * i, 0, 20, 20]);
    const detections = boxes.slice(0, 7).map((box, i) => found(box, 0.9 - i / 100));
    expect(ap(truth(boxes), detections)).toBeCloseTo(70 / 101, 12);
  });

  it('one detection, right: precision is 1 / (1 + 2^-52)', () => {
    const { stats } = evaluateCoco(truth([[0, 0, 50, 50]]), [found([0, 0, 50, 50], 0.9)]);
    expect(Object.values(stats)).toEqual([
      0.9999999999999998,
      0.9999999999999999,
      0.9999999999999999,
      null,
      0.9999999999999998,
      null,
      1,
      1,
      1,
      null,
      1,
      null,
    ]);
  });

  it('of two equal objects the later one is taken', () => {
    const crowdLater = truth([[0, 0, 50, 50], { bbox: [0, 0, 50, 50], category_id: 1 }]);
    expect(ap(crowdLater, [found([0, 0, 50, 50], 0.9)])).toBeCloseTo(0.50495, 5);
  });

  it('an area of exactly 32 x 32 is small and medium', () => {
    const { stats } = evaluateCoco(truth([[0, 0, 32, 32]]), [found([0, 0, 32, 32], 0.9)]);
    expect([stats.APs, stats.APm, stats.APl]).toEqual([0.9999999999999998, 0.9999999999999998, null]);
  });
});

describe('columns from a run of a model', () => {
  it('give the numbers of the exported file, to the last bit', () => {
    const random = new Random(5);
    const columns = new DetectionColumnsBuilder();
    const boxes: Box[] = [];
    for (let i = 0; i < 60; i++) {
      const [x, y] = [random.uniform(0, 500), random.uniform(0, 400)];
      const corners = Float32Array.of(x, y, x + random.uniform(5, 90), y + random.uniform(5, 90));
      const [x1, y1, x2, y2] = corners as unknown as Box;
      if (i % 2 === 0) boxes.push([x1 + random.normal(), y1, x2 - x1, y2 - y1]);
      columns.addXyxy(1, 1, x1, y1, x2, y2, Math.fround(random.next()));
    }
    const { length, boxesXywh, scores } = columns.columns();
    const exported = Array.from({ length }, (_, i) =>
      found([...boxesXywh.subarray(4 * i, 4 * i + 4)] as Box, scores[i]!),
    );
    const fromColumns = evaluateCoco(truth(boxes), columns.columns());
    const fromFile = evaluateCoco(truth(boxes), JSON.stringify(exported));
    expect(fromColumns.stats.AP).toBeGreaterThan(0.1);
    expect(fromFile.stats).toEqual(fromColumns.stats);
    expect(fromFile.curves).toEqual(fromColumns.curves);
  });

  it('ids that are strings after ids that are numbers stay apart', () => {
    const columns = new DetectionColumnsBuilder();
    columns.addXywh(1, 1, 0, 0, 5, 5, 0.9);
    columns.addXywh('1', 1, 0, 0, 5, 5, 0.9);
    expect(columns.columns().imageIds).toEqual([1, '1']);
  });
});

describe('own settings', () => {
  it('IoU thresholds', () => {
    const detections = [found([0, 0, 7.5, 10], 0.9)];
    const { stats } = evaluateCoco(truth([[0, 0, 10, 10]]), detections, { iouThresholds: [0.3, 0.75, 0.8] });
    expect(stats.AP).toBeCloseTo(2 / 3, 12);
    expect([stats.AP50, stats.AP75]).toEqual([null, 0.9999999999999999]);
  });

  it('area ranges', () => {
    const areaRanges = [
      { name: 'all', min: 0, max: 1e10 },
      { name: 'tiny', min: 0, max: 64 },
    ];
    const detections = [found([0, 0, 8, 8], 0.9), found([90, 90, 80, 80], 0.8)];
    const { stats } = evaluateCoco(truth([[0, 0, 8, 8]]), detections, { areaRanges });
    expect(Object.keys(stats)).toEqual(['AP', 'AP50', 'AP75', 'APtiny', 'AR1', 'AR10', 'AR100', 'ARtiny']);
    expect(stats.APtiny).toBe(0.9999999999999998);
  });
});
