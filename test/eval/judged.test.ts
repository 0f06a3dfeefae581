import { describe, expect, test } from 'vitest';
import { parseCoco } from '../../src/data/coco/parseCoco.js';
import { parseResults } from '../../src/data/coco/parseResults.js';
import { prepareEvalData } from '../../src/eval/evalData.js';
import { judgePictures, rankPictures } from '../../src/eval/pictureRanking.js';
import { scoreCounts } from '../../src/eval/scoreCounts.js';
import { bestScore, byLeastScore, calibration } from '../../src/eval/scoreQuality.js';
import { judge, verdictList } from '../../src/eval/verdicts.js';

/** Three pictures: one all right, one with a sure mistake and a miss, one with nothing to find and nothing found. */
const groundTruth = {
  images: [{ id: 1 }, { id: 2 }, { id: 3 }],
  categories: [{ id: 1, name: 'cell' }],
  annotations: [
    { image_id: 1, category_id: 1, bbox: [0, 0, 100, 100] },
    { image_id: 1, category_id: 1, bbox: [200, 0, 100, 100] },
    { image_id: 2, category_id: 1, bbox: [0, 0, 100, 100] },
    { image_id: 2, category_id: 1, bbox: [300, 300, 100, 100], iscrowd: 1 },
  ],
};
const detections = [
  { image_id: 1, category_id: 1, bbox: [0, 0, 100, 100], score: 0.85 },
  { image_id: 1, category_id: 1, bbox: [200, 0, 100, 100], score: 0.75 },
  { image_id: 2, category_id: 1, bbox: [500, 0, 50, 50], score: 0.95 }, // on nothing
  { image_id: 2, category_id: 1, bbox: [0, 0, 100, 90], score: 0.15 }, // right, but below any useful score
  { image_id: 2, category_id: 1, bbox: [320, 320, 30, 30], score: 0.65 }, // in the crowd: says nothing
];
const data = prepareEvalData(parseCoco(groundTruth), parseResults(detections), { useCats: false, source: 'results' });
const verdicts = verdictList(judge(data, { iou: 0.5, backgroundIou: 0.1, maxDets: 100 }));

test('verdicts name the detection and the object: rows of the data, by falling score', () => {
  expect(verdicts.map(({ detection, kind, object }) => [detection, kind, object])).toEqual([
    [2, 'background', -1],
    [0, 'right', 0],
    [1, 'right', 1],
    [4, 'ignored', -1],
    [3, 'right', 2],
  ]);
});

describe('calibration', () => {
  test('five bins: means of score and of right ones, distance weighted by count', () => {
    const { bins, error } = calibration(verdicts, 5);
    expect(bins.map(({ count }) => count)).toEqual([1, 0, 0, 1, 2]);
    expect(bins[4]).toMatchObject({ score: (0.85 + 0.95) / 2, right: 0.5 });
    expect(bins[1]).toMatchObject({ score: null, right: null });
    expect(error).toBeCloseTo((0.85 + 0.25 + 2 * 0.4) / 4, 12); // |0.15 - 1|, |0.75 - 1|, 2 |0.9 - 0.5|
  });

  test('a score of 1 lies in the last bin', () => {
    const one = { ...verdicts[1]!, score: 1 };
    expect(calibration([one]).bins.at(-1)!.count).toBe(1);
  });

  test('nothing found: no error', () => expect(calibration([]).error).toBeNull());
});

describe('by least score, of 3 objects', () => {
  const sweep = byLeastScore(verdicts, 3);
  const at = (score: number) => sweep.find((entry) => entry.score === score)!;

  test('from 0.01 up to 0.99', () => expect([sweep[0]!.score, sweep.at(-1)!.score]).toEqual([0.01, 0.99]));
  test('0.8: one of two right', () => expect(at(0.8)).toMatchObject({ precision: 1 / 2, recall: 1 / 3, f1: 2 / 5 }));
  test('0.1: three of four right', () => expect(at(0.1)).toMatchObject({ precision: 3 / 4, recall: 1, f1: 6 / 7 }));
  test('0.99: nothing kept is precise and finds nothing', () =>
    expect(at(0.99)).toMatchObject({ precision: 1, recall: 0, f1: 0 }));
  test('the best one is in the middle of those that are as good: 0.01 ... 0.15', () =>
    expect(bestScore(sweep)).toMatchObject({ score: 0.08, f1: 6 / 7 }));
});

describe('counts by least score, at 0, 0.25, ... 1', () => {
  test('of 3 objects: 0.15 is kept from 0 on, 0.75 up to 0.75, 0.85 and 0.95 too; what lies in a crowd is not counted', () => {
    expect(scoreCounts(data, 5)).toEqual([
      { name: 'all', objects: 3, right: [3, 2, 2, 2, 0], wrong: [1, 1, 1, 1, 0] },
      { name: 'cell', objects: 3, right: [3, 2, 2, 2, 0], wrong: [1, 1, 1, 1, 0] },
    ]);
  });

  test('a score on a threshold has reached it, whatever its product rounds to', () => {
    const one = [{ image_id: 1, category_id: 1, bbox: [0, 0, 100, 100], score: 0.29 }]; // x 100: 28.999999999999996
    const found = prepareEvalData(parseCoco(groundTruth), parseResults(one), { useCats: false, source: 'results' });
    const { right } = scoreCounts(found)[1]!;
    expect(right.slice(28, 32)).toEqual([1, 1, 0, 0]);
  });

  test('a category with neither objects nor detections has no curve', () => {
    const truth = { ...groundTruth, categories: [...groundTruth.categories, { id: 2, name: 'none' }] };
    const found = prepareEvalData(parseCoco(truth), parseResults([]), { useCats: false, source: 'results' });
    expect(scoreCounts(found, 2)).toEqual([
      { name: 'all', objects: 3, right: [0, 0], wrong: [0, 0] },
      { name: 'cell', objects: 3, right: [0, 0], wrong: [0, 0] },
    ]);
  });
});

describe('pictures at least score 0.5', () => {
  const judged = judgePictures(data, verdicts, 0.5);

  test('counts', () => {
    const counts = judged.map(({ right, wrong, missed, surprise }) => [right, wrong, missed, surprise]);
    expect(counts).toEqual([
      [2, 0, 0, 0],
      [0, 1, 1, 0.95],
      [0, 0, 0, 0],
    ]);
    expect(judged.map(({ f1 }) => f1)).toEqual([1, 0, 1]);
  });

  test('the best have objects, the worst and the surprising ones have mistakes', () => {
    const ranked = rankPictures(judged, 5);
    const images = (list: typeof judged) => list.map(({ image }) => image);
    expect(images([...ranked.best])).toEqual([0]);
    expect(images([...ranked.worst])).toEqual([1]);
    expect(images([...ranked.surprising])).toEqual([1]);
  });
});
