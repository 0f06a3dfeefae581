import { appendFileSync, cpSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.js';
import type { ClassificationConfig, DetectionConfig } from '../../src/config/schema.js';
import { generateShapes } from '../../src/data/shapes/generate.js';
import { UsageError } from '../../src/errors.js';
import { pretrain } from '../../src/run/pretrain.js';
import { replay } from '../../src/run/replay.js';
import { train } from '../../src/run/train.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

const tiny = [
  'model.backbone.variant={ dims: [8, 8, 8, 8], stemChannels: 4, depths: [1, 1, 1, 1], heads: [1, 1, 1, 1] }',
  'model.backbone.biasSize=32',
  'model.backbone.dropPath=0.5',
  'engine={ threads: 1, fuse: none }',
  'train.checkpointEvery=1', // the state before the last is that of the last step's weights
  'train.logEvery=1',
  'train.maxSteps=3',
];
const folder = temporaryFolder();
const data = generateShapes(join(folder, 'data'), { train: 24, val: 16 });

const lossOf = (run: string, step: number): number =>
  readFileSync(join(run, 'metrics.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line.includes(`"train","step":${step},`))
    .map((line) => JSON.parse(line).loss)[0];

describe('a detector', () => {
  const run = join(folder, 'detector');

  test('the last step again, with its own weights: the loss that the run noted is the sum over the pictures', async () => {
    const { splits } = await data;
    const config = (await loadConfig('configs/smoke.yaml', [
      ...tiny,
      'model.neck={ channels: 32, levels: [P3, P4, P5] }',
      `data.train=${JSON.stringify({ ...splits.train, limit: 3 })}`,
      'data.val=null',
      'data.shortSide=32',
      'data.longSide=32',
      'data.flip=0.5',
    ])) as DetectionConfig;
    await train({ config, run });
    const before = statSync(join(run, 'state.safetensors')).mtimeMs;
    const { weightsOf, logged, batches } = await replay({ run, step: 3 });
    expect(weightsOf).toBe(2);
    expect(logged).toBe(lossOf(run, 3));
    const [batch] = batches;
    expect(batch).toMatchObject({ epoch: 2, batch: 1, loss: expect.closeTo(logged!, 5) });
    for (const { loss, parts, boxes } of batch!.pictures) {
      expect(Object.keys(parts)).toEqual(['classification', 'box']);
      expect(loss).toBeCloseTo(parts.classification! + parts.box!, 6);
      expect(boxes).toBeGreaterThan(0);
    }
    expect(existsSync(batch!.sheet)).toBe(true);
    expect(statSync(join(run, 'state.safetensors')).mtimeMs).toBe(before);
  }, 240_000);

  test('three pictures in batches of two: one batch repeats its picture, which counts as often; the sum is the loss of the batch', async () => {
    const replayed = [await replay({ run, step: 1 }), await replay({ run, step: 2 })].map(({ batches }) => batches[0]!);
    expect(replayed.map(({ pictures }) => pictures.length).toSorted()).toEqual([1, 2]);
    for (const { pictures, loss } of replayed)
      expect(pictures.reduce((sum, picture) => sum + picture.loss, 0)).toBeCloseTo(loss, 5);
  });

  test('a step that was listed as odd: the very batch that the list names', async () => {
    const incident = { kind: 'spike', step: 2, epoch: 1, batch: 1, draw: 0, files: [] };
    appendFileSync(join(run, 'incidents.jsonl'), `${JSON.stringify(incident)}\n{"kind":"sp`);
    const { batches } = await replay({ run, step: 2, out: join(folder, 'sheets') });
    expect(batches.map(({ epoch, batch }) => [epoch, batch])).toEqual([[1, 1]]);
  });

  test('a step that the run does not have: refused', async () => {
    await expect(replay({ run, step: 4 })).rejects.toThrow(new UsageError('the run has 3 steps, and no step 4'));
    await expect(replay({ run, step: 999 })).rejects.toThrow(
      new UsageError('the run has made 3 steps, and no step 999'),
    );
  });

  test.each([
    ['batchSize: 2', 'batchSize: 4', /pictures of an update \(.*\): the run had 2, here it is 4/],
    ['limit: 3', 'limit: 2', /training data: the run had 3 pictures \(.*\), here it is 2 pictures/],
  ])('other batches than the run had, %s now %s: refused, with the difference', async (before, now, message) => {
    const changed = join(temporaryFolder(), 'changed');
    cpSync(run, changed, { recursive: true });
    const config = join(changed, 'config.yaml');
    const text = readFileSync(config, 'utf8');
    expect(text).toContain(before);
    writeFileSync(config, text.replace(before, now));
    const replayed = replay({ run: changed, step: 2 });
    await expect(replayed).rejects.toThrow(message);
    await expect(replayed).rejects.toThrow(UsageError);
  });
});

test('a classifier, accumulating two batches that are mixed: both of the step, with the noted loss as their mean', async () => {
  const { crops } = await data;
  const run = join(folder, 'classifier');
  const config = (await loadConfig('configs/demo_pretrain.yaml', [
    ...tiny,
    'model.head={ name: cmt, channels: 8, dropout: 0.1 }',
    `data.train=${JSON.stringify(join(crops, 'train'))}`,
    'data.val=null',
    'data.size=32',
    'data.workers=0',
    'data.mixup=0.8',
    'data.erasing={ probability: 1 }',
    'train.batchSize=4',
    'train.accumulate=2',
  ])) as ClassificationConfig;
  await pretrain({ config, run });
  const { logged, batches } = await replay({ run, step: 3 });
  expect(batches.map(({ epoch, batch }) => [epoch, batch])).toEqual([
    [1, 5],
    [1, 6],
  ]);
  expect((batches[0]!.loss + batches[1]!.loss) / 2).toBeCloseTo(logged!, 5);
  expect(batches[0]!.pictures).toHaveLength(4);
}, 240_000);
