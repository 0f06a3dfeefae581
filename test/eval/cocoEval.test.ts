import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { evaluateCoco } from '../../src/eval/cocoEval.js';
import { describeWithShared } from '../support/shared.js';

type Expected = {
  stats: Record<string, number>;
  per_category?: Record<string, Record<string, number>>;
};

/** The reference prints -1 where there is nothing to measure. */
const orMinusOne = (value: number | null | undefined) => value ?? -1;

function expectEqual(result: ReturnType<typeof evaluateCoco>, expected: Expected): void {
  for (const [name, value] of Object.entries(expected.stats)) {
    expect(orMinusOne(result.stats[name as 'AP']), name).toBe(value);
  }
  for (const [id, values] of Object.entries(expected.per_category ?? {})) {
    const category = result.perCategory.find((entry) => entry.id === Number(id))!;
    for (const [name, value] of Object.entries(values)) {
      expect(orMinusOne(category[name as 'AP']), `category ${id} ${name}`).toBe(value);
    }
  }
}

describeWithShared('results of pycocotools 2.0.11', 'data/eval_fixtures', (path) => {
  const folder = join(path, 'cocoapi_val2014_100');
  const truth = join(folder, 'instances_val2014_100.json');
  const results = join(folder, 'instances_val2014_fakebbox100_results.json');
  const read = (file: string) => JSON.parse(readFileSync(file, 'utf8'));
  const expected = (name: string): Expected => read(join(folder, 'expected_stats.json'))[name];

  it('100 images of val2014', () => expectEqual(evaluateCoco(truth, results), expected('bbox')));

  it('the same, as parsed json', () => expectEqual(evaluateCoco(read(truth), read(results)), expected('bbox')));

  it('no detections', () => expectEqual(evaluateCoco(truth, []), expected('bbox_empty_detections')));

  it('categories not told apart', () => {
    expectEqual(evaluateCoco(truth, results, { useCats: false }), expected('bbox_useCats0'));
  });

  it('tied scores', () => {
    const tied = join(folder, 'fakebbox100_tied_scores_results.json');
    expectEqual(evaluateCoco(truth, tied), expected('bbox_tied_scores'));
  });

  it('detections in reverse order', () => {
    expectEqual(evaluateCoco(truth, read(results).reverse()), expected('bbox_reversed_order'));
  });

  it('crowd regions taken for objects', () => {
    const plain = read(truth);
    for (const annotation of plain.annotations) annotation.iscrowd = 0;
    expectEqual(evaluateCoco(plain, results), expected('bbox_crowd_ignored_flag_off'));
  });

  it('a small set with objects of no small size', () => {
    const small = join(path, 'fce_small');
    const result = evaluateCoco(join(small, 'gt_dataset.json'), join(small, 'dt_dataset.json'));
    expectEqual(result, read(join(small, 'expected_stats.json')).bbox);
    expect(result.stats.APs).toBeNull();
  });
});
