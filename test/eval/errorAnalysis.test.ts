import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { parseCoco } from '../../src/data/coco/parseCoco.js';
import { parseResults } from '../../src/data/coco/parseResults.js';
import { evaluateCoco } from '../../src/eval/cocoEval.js';
import { confusionMatrix } from '../../src/eval/confusion.js';
import { precisionRecallCurves } from '../../src/eval/curves.js';
import { errorBreakdown, errorCosts } from '../../src/eval/errorBreakdown.js';
import { prepareEvalData } from '../../src/eval/evalData.js';
import { drawConfusion, drawErrors, drawPrecisionRecall } from '../../src/eval/plots.js';
import { judge } from '../../src/eval/verdicts.js';
import { Random } from '../../src/random.js';
import type { Case } from './literalCocoEval.js';
import { randomCase } from './randomCase.js';

type Entry = [category: number, x: number, y: number, width: number, height: number];

/** One image, categories 1 and 2; detections by falling score. */
function scene(objects: Entry[], found: Entry[], crowd: Entry[] = []) {
  const annotation =
    (iscrowd: 0 | 1) =>
    ([category_id, ...bbox]: Entry) => ({ image_id: 1, category_id, bbox, iscrowd });
  return {
    groundTruth: {
      images: [{ id: 1 }],
      categories: [1, 2].map((id) => ({ id, name: `c${id}` })),
      annotations: [...objects.map(annotation(0)), ...crowd.map(annotation(1))],
    },
    detections: found.map(([category_id, ...bbox], i) => ({ image_id: 1, category_id, bbox, score: 0.9 - i / 20 })),
  };
}

const prepare = ({ groundTruth, detections }: { groundTruth: object; detections: object[] }) =>
  prepareEvalData(parseCoco(groundTruth), parseResults(detections), { useCats: false, source: 'results' });

const a: Entry = [1, 0, 0, 100, 100];
const b: Entry = [2, 200, 0, 100, 100];

describe('error breakdown: one error of each kind', () => {
  const kinds = (...scenes: Parameters<typeof scene>) => {
    const { errors } = errorBreakdown(prepare(scene(...scenes)));
    return Object.fromEntries(
      Object.entries(errors).flatMap(([kind, { count }]) => (count > 0 ? [[kind, count]] : [])),
    );
  };

  it('none', () => expect(kinds([a, b], [a, b])).toEqual({}));
  it('another category', () => expect(kinds([a], [[2, 0, 0, 100, 100]])).toEqual({ classification: 1 }));
  it('overlap 0.3', () => expect(kinds([a], [[1, 0, 0, 100, 30]])).toEqual({ localisation: 1 }));
  it('overlap 0.3, another category', () => expect(kinds([a], [[2, 0, 0, 100, 30]])).toEqual({ both: 1, missed: 1 }));
  it('found twice', () => expect(kinds([a], [a, a])).toEqual({ duplicate: 1 }));
  it('on nothing', () => expect(kinds([a], [a, [1, 400, 400, 9, 9]])).toEqual({ background: 1 }));
  it('overlap 0.05', () => expect(kinds([a], [[1, 0, 0, 100, 5]])).toEqual({ background: 1, missed: 1 }));
  it('not found', () => expect(kinds([a, b], [a])).toEqual({ missed: 1 }));
  it('in a crowd region: no error', () =>
    expect(kinds([a], [a, [1, 200, 200, 9, 9]], [[1, 150, 150, 99, 99]])).toEqual({}));
  it('beyond the limit: not judged', () => {
    expect(errorBreakdown(prepare(scene([a], [a, a, a])), { maxDets: 2 }).errors.duplicate.count).toBe(1);
  });
});

it('from verdicts that are there already: the same, with other thresholds too', () => {
  const data = prepare(scene([a, b], [[1, 0, 0, 100, 30], a, b, b]));
  for (const thresholds of [
    { iou: 0.5, backgroundIou: 0.1, maxDets: 100 },
    { iou: 0.2, backgroundIou: 0.05, maxDets: 2 },
  ])
    expect(errorCosts(data, judge(data, thresholds), thresholds)).toEqual(errorBreakdown(data, thresholds));
  expect(errorBreakdown(data)).toEqual(errorBreakdown(data, { iou: 0.5, backgroundIou: 0.1, maxDets: 100 }));
});

describe('error breakdown: what an oracle would gain', () => {
  // Category 1: one object, found after a false positive, AP 0.5. Category 2: its object is called 1, AP 0.
  const mixed = scene([a, b], [[1, 200, 0, 100, 100], a]);

  it('the right category: both found, AP 0.25 -> 1', () => {
    const { AP, errors } = errorBreakdown(prepare(mixed));
    expect(AP).toBeCloseTo(0.25, 12);
    expect(errors.classification).toEqual({ count: 1, dAP: expect.closeTo(0.75, 12) });
  });

  it('no false positives: AP 0.25 -> 0.5', () => {
    expect(errorBreakdown(prepare(mixed)).falsePositives).toEqual({ count: 1, dAP: expect.closeTo(0.25, 12) });
  });

  it('no object unfound: category 2 has none left, AP 0.25 -> 0.5', () => {
    expect(errorBreakdown(prepare(mixed)).falseNegatives).toEqual({ count: 1, dAP: expect.closeTo(0.25, 12) });
  });

  it('two that claim one object: the better one gets it, the other goes', () => {
    const twice = scene(
      [a],
      [
        [1, 0, 0, 100, 30],
        [1, 0, 0, 100, 40],
      ],
    );
    const { AP, errors } = errorBreakdown(prepare(twice));
    expect([AP, errors.localisation.count, errors.localisation.dAP]).toEqual([0, 2, expect.closeTo(1, 12)]);
  });

  it('no ground truth: nothing to gain', () => {
    const { AP, errors } = errorBreakdown(prepare(scene([], [a])));
    expect([AP, errors.background]).toEqual([null, { count: 1, dAP: null }]);
  });
});

it('300 random cases: the AP that errors are taken from is AP50, and every false positive has one kind', () => {
  const random = new Random(11);
  for (let i = 0; i < 300; i++) {
    const example = fromCase(randomCase(random.fork(i)));
    const { AP, errors, falsePositives, falseNegatives } = errorBreakdown(prepare(example));
    expect(AP, `case ${i}`).toBe(evaluateCoco(example.groundTruth, example.detections).stats.AP50);
    const { missed, ...wrong } = errors;
    expect(Object.values(wrong).reduce((sum, { count }) => sum + count, 0)).toBe(falsePositives.count);
    expect(missed.count).toBeLessThanOrEqual(falseNegatives.count);
  }
});

function fromCase({ images, categories, truths, detections }: Case) {
  const groundTruth = {
    images: images.map((id) => ({ id })),
    categories: categories.map((id) => ({ id, name: `c${id}` })),
    annotations: truths.map((truth, id) => ({ id, ...truth })),
  };
  return { groundTruth, detections };
}

describe('confusion', () => {
  const counts = (...scenes: Parameters<typeof scene>) => confusionMatrix(prepare(scene(...scenes))).counts;

  it('rows are what objects are, columns what they were found as, the last ones the background', () => {
    const objects: Entry[] = [a, b, [2, 400, 0, 50, 50]];
    const found: Entry[] = [a, [1, 200, 0, 100, 100], [2, 0, 300, 50, 50]];
    expect(counts(objects, found)).toEqual([
      [1, 0, 0],
      [1, 0, 1],
      [0, 1, 0],
    ]);
  });

  it('the larger overlap matches first, whatever the scores', () => {
    expect(counts([a], [[2, 0, 0, 100, 80], a])[0]).toEqual([1, 0, 0]);
  });

  it('of equal overlaps, the one of the right category', () => {
    expect(counts([a], [[2, 0, 0, 100, 100], a])[0]).toEqual([1, 0, 0]);
  });

  it('scores below the threshold are left out', () => {
    const { counts } = confusionMatrix(prepare(scene([a], [a])), { scoreThreshold: 0.95 });
    expect(counts[0]).toEqual([0, 0, 1]);
  });

  it('what lies in a crowd region is no fault', () => {
    expect(counts([a], [a, [2, 200, 200, 9, 9]], [[2, 150, 150, 99, 99]])[2]).toEqual([0, 0, 0]);
  });
});

describe('precision-recall curves', () => {
  const { groundTruth, detections } = scene([a, b], [a]);
  const evaluation = evaluateCoco(
    { ...groundTruth, categories: [...groundTruth.categories, { id: 3, name: 'c3' }] },
    detections,
  );

  it('mean first, then by category; null where there is nothing to measure', () => {
    const curves = precisionRecallCurves(evaluation);
    expect(curves.map(({ id, name, precision }) => [id, name, precision?.[50]])).toEqual([
      [null, 'mean', 0.4999999999999999],
      [1, 'c1', 0.9999999999999998],
      [2, 'c2', 0],
      [3, 'c3', undefined],
    ]);
  });

  it('a threshold that was not measured has none', () => expect(precisionRecallCurves(evaluation, 0.33)).toEqual([]));

  it('categories not told apart: one curve', () => {
    const one = evaluateCoco(groundTruth, detections, { useCats: false });
    expect(precisionRecallCurves(one).map(({ name }) => name)).toEqual(['all']);
  });
});

it('a name of 20,000 letters and 1,203 categories do not stall a picture', async () => {
  const K = 1203;
  const categories = Array.from({ length: K }, (_, i) => ({
    id: i,
    name: i < 2 ? `${'x'.repeat(20_000)}${i}` : `c${i}`,
  }));
  const counts = Array.from({ length: K + 1 }, (_, row) =>
    Array.from({ length: K + 1 }, (_, column) => Number(row === column)),
  );
  counts[0]![1] = 7;
  const curve = { iou: 0.5, precision: Array.from({ length: 101 }, (_, r) => 1 - r / 100) };
  const before = process.cpuUsage();
  await drawConfusion({ categories, counts, scoreThreshold: 0.25, iou: 0.5 });
  await drawPrecisionRecall(categories.slice(0, 3).map(({ id, name }) => ({ ...curve, id, name })));
  const { user } = process.cpuUsage(before);
  expect(user / 1e6).toBeLessThan(20); // seconds; minutes, before names were shortened
}, 60_000);

it('pictures: white paper with ink on it', async () => {
  const example = scene([a, b], [a, [1, 200, 0, 100, 100]]);
  const data = prepare(example);
  const pictures = [
    await drawPrecisionRecall(precisionRecallCurves(evaluateCoco(example.groundTruth, example.detections))),
    await drawConfusion(confusionMatrix(data)),
    await drawErrors(errorBreakdown(data)),
  ];
  for (const picture of pictures) {
    const { channels } = await sharp(picture).stats();
    expect([channels[0]!.max, channels[0]!.min < 120, channels[0]!.mean > 180]).toEqual([255, true, true]);
  }
});
