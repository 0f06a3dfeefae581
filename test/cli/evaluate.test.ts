import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { runEvaluate } from '../../src/cli/evaluate.js';
import { saveModel } from '../../src/models/checkpoints/modelFile.js';
import { outputOf } from '../support/standardOutput.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { ToyTask } from '../support/toyTask.js';

let folder: string;
const at = (name: string) => join(folder, name);

beforeAll(() => {
  folder = temporaryFolder();
  const box = { image_id: 1, category_id: 3, bbox: [0, 0, 50, 50] };
  const truth = {
    images: [{ id: 1, file_name: 'a.jpg', width: 640, height: 480 }],
    annotations: [{ id: 1, ...box, area: 2500, iscrowd: 0 }],
    categories: [
      { id: 5, name: 'unseen' },
      { id: 3, name: 'cell' },
    ],
  };
  writeFileSync(at('truth.json'), JSON.stringify(truth));
  writeFileSync(
    at('results.json.gz'),
    gzipSync(
      JSON.stringify([
        { ...box, score: 0.9 },
        { ...box, category_id: 7, score: 1 },
      ]),
    ),
  );
  writeFileSync(at('none.json'), '[]');
});

describe('evaluate --results', () => {
  const files = () => ({ annotations: at('truth.json'), results: at('results.json.gz') });

  it('JSON: the keys that scripts read, full doubles, null for nothing to measure', async () => {
    const result = JSON.parse(await outputOf(() => runEvaluate(undefined, { ...files(), json: true })));
    expect(Object.keys(result.stats)).toEqual('AP AP50 AP75 APs APm APl AR1 AR10 AR100 ARs ARm ARl'.split(' '));
    expect([result.stats.AP, result.stats.APs]).toEqual([0.9999999999999998, null]);
    expect(result.perCategory).toEqual([
      {
        id: 3,
        name: 'cell',
        AP: 0.9999999999999998,
        AP50: 0.9999999999999999,
        AP75: 0.9999999999999999,
        AR100: 1,
        groundTruths: 1,
        detections: 1,
      },
      { id: 5, name: 'unseen', AP: null, AP50: null, AP75: null, AR100: null, groundTruths: 0, detections: 0 },
    ]);
    expect(result.notScored).toEqual({ unknownCategory: 1, beyondMaxDets: 0, crowdRegions: 0 });
    expect(Object.keys(result.seconds)).toEqual(['load', 'evaluate', 'accumulate']);
  });

  it('for people', async () => {
    expect(await outputOf(() => runEvaluate(undefined, files()))).toMatchInlineSnapshot(`
      "             IoU    area  maxDets  value
      AP     0.50:0.95     all      100  1.000
      AP50        0.50     all      100  1.000
      AP75        0.75     all      100  1.000
      APs    0.50:0.95   small      100    n/a
      APm    0.50:0.95  medium      100  1.000
      APl    0.50:0.95   large      100    n/a
      AR1    0.50:0.95     all        1  1.000
      AR10   0.50:0.95     all       10  1.000
      AR100  0.50:0.95     all      100  1.000
      ARs    0.50:0.95   small      100    n/a
      ARm    0.50:0.95  medium      100  1.000
      ARl    0.50:0.95   large      100    n/a

      category     AP   AP50   AP75  AR100  objects  detections
      cell      1.000  1.000  1.000  1.000        1           1
      unseen      n/a    n/a    n/a    n/a        0           0

      not scored: 1 detections of a category that the ground truth does not have
      "
    `);
  });

  it('all digits', async () => {
    const text = await outputOf(() => runEvaluate(undefined, { ...files(), precision: true, maxDets: [1, 10, 300] }));
    expect(text).toMatch(/AP +0\.50:0\.95 +all +300 +0\.9999999999999998/);
    expect(text).toMatch(/AR300 +0\.50:0\.95 +all +300 +1/);
  });

  it('no detections: zeros, and no failure', async () => {
    const options = { annotations: at('truth.json'), results: at('none.json'), json: true, classAgnostic: true };
    const result = JSON.parse(await outputOf(() => runEvaluate(undefined, options)));
    expect([result.stats.AP, result.stats.AR100, result.perCategory]).toEqual([0, 0, []]);
  });

  it('--out writes curves, confusions and errors as JSON and pictures', async () => {
    await outputOf(() => runEvaluate(undefined, { ...files(), out: at('analysis') }));
    expect(readdirSync(at('analysis'))).toEqual([
      'confusion.json',
      'confusion.png',
      'errors.json',
      'errors.png',
      'evaluation.json',
      'precision_recall.json',
      'precision_recall.png',
    ]);
    expect(JSON.parse(readFileSync(at('analysis/confusion.json'), 'utf8')).counts[0]).toEqual([1, 0, 0]);
  });

  it.each([
    [{ flip: true }, '--flip means'],
    [{ scales: [1] }, '--scales means'],
    [
      { images: 'photos', saveResults: 'r.json', batchSize: 2, skipBroken: true, flip: false },
      '--images, --save-results, --batch-size, --skip-broken mean',
    ],
  ])('%j: refused, since there are no pictures to look at', async (options, message) => {
    const refused = runEvaluate(undefined, { ...files(), ...options });
    await expect(refused).rejects.toThrow(`${message} nothing for --results: give a checkpoint instead`);
  });

  it.each([
    ['--save-results onto the results', { saveResults: 'results.json.gz' }],
    ['--out into a folder whose errors.json is the ground truth', { annotations: 'taken/errors.json', out: 'taken' }],
  ])('refused, and left as it was: %s', async (_, names) => {
    mkdirSync(at('taken'), { recursive: true });
    copyFileSync(at('truth.json'), at('taken/errors.json'));
    const paths = Object.fromEntries(Object.entries(names).map(([option, name]) => [option, at(name)]));
    await expect(runEvaluate(undefined, { ...files(), ...paths })).rejects.toThrow('is read by this command too');
    expect(readFileSync(at('taken/errors.json'))).toEqual(readFileSync(at('truth.json')));
  });
});

it('evaluate of a classifier: what is about boxes is refused, all at once', async () => {
  const task = new ToyTask();
  const checkpoint = at('classifier.safetensors');
  await saveModel(checkpoint, task.model, task.describe({ epoch: 0, step: 0, metrics: {} }));
  const ofBoxes = { annotations: at('truth.json'), out: at('curves'), saveResults: at('r.json'), maxDets: [1] };
  const options = { images: folder, ...ofBoxes, classAgnostic: true, precision: true, flip: true };
  await expect(runEvaluate(checkpoint, options)).rejects.toThrow(
    `--annotations, --out, --save-results, --max-dets, --class-agnostic, --precision, --flip mean nothing for a classifier, and ${checkpoint} is one`,
  );
});
