/** `pretrain` and `train` from end to end, as small as they come. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig, parseConfig } from '../../src/config/load.js';
import type { ClassificationConfig, DetectionConfig } from '../../src/config/schema.js';
import { generateShapes } from '../../src/data/shapes/generate.js';
import { InterruptedError, UsageError } from '../../src/errors.js';
import { readModel } from '../../src/models/checkpoints/modelFile.js';
import { demo } from '../../src/run/demo.js';
import { preciseBn } from '../../src/run/preciseBn.js';
import { pretrain } from '../../src/run/pretrain.js';
import { train } from '../../src/run/train.js';
import { runTraining, type TrainingOptions } from '../../src/run/training.js';
import { readState } from '../../src/train/state.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { lastOf } from '../support/toyRun.js';
import { ToyTask, toyConfig } from '../support/toyTask.js';

const tiny = [
  'model.backbone.variant={ dims: [8, 8, 8, 8], stemChannels: 4, depths: [1, 1, 1, 1], heads: [1, 1, 1, 1] }',
  'model.backbone.biasSize=32',
  'model.head={ name: cmt, channels: 8, dropout: 0.1 }',
  'engine={ threads: 1, fuse: none }',
];

test('pretrain with repeated augmentation, mixup and a running average: interrupted within an epoch and resumed, the same bits', async () => {
  const folder = temporaryFolder();
  const { crops } = await generateShapes(join(folder, 'data'), { train: 24, val: 16 });
  const config = (await loadConfig('configs/demo_pretrain.yaml', [
    ...tiny,
    `data.train=${JSON.stringify(join(crops, 'train'))}`,
    `data.val=${JSON.stringify(join(crops, 'val'))}`,
    'data.size=32',
    'data.workers=0',
    'data.mixup=0.8',
    'data.cutmix=1',
    'data.repeatedAugmentation=3',
    'data.erasing={ probability: 0.25 }',
    'data.randAugment={}',
    'train.batchSize=4',
    'train.ema=0.9',
    'train.epochs=2',
    'train.evaluateEvery=2',
    'train.validationLoss=true',
    'train.preciseBn=2',
    'train.schedule={ name: cosine, warmupSteps: 2 }',
  ])) as ClassificationConfig;
  const [whole, parts] = [join(folder, 'whole'), join(folder, 'parts')];
  const { metrics, precise } = await pretrain({ config, run: whole });
  expect(metrics.loss).toBeGreaterThan(0);
  expect(metrics.loss).toBeLessThan(2 * Math.log(5)); // of five classes, nothing learnt

  const controller = new AbortController();
  const onStep = ({ step }: { readonly step: number }) => {
    if (step === 5) controller.abort();
  };
  const interrupted = pretrain({ config, run: parts, observer: { onStep }, signal: controller.signal });
  await expect(interrupted).rejects.toThrow(InterruptedError);
  const { progress } = readState(join(parts, 'state.safetensors')).header;
  expect(progress).toMatchObject({ epoch: 0, batch: 5, updates: 5, draws: 5 });
  const resumed = await pretrain({ config, run: parts, resume: true });
  expect(lastOf(parts)).toBe(lastOf(whole));
  expect(resumed.metrics).toEqual(metrics);

  // The statistics estimated at the end are those that the command estimates, and alone are not as they were.
  const out = join(folder, 'precise.safetensors');
  const { before, after } = await preciseBn({ checkpoint: join(whole, 'last.safetensors'), out, batches: 2 });
  expect([before, after]).toEqual([metrics, precise!.metrics]);
  const [last, written] = [join(whole, 'last.safetensors'), out].map((path) => readModel(path).tensors);
  const changed = [...last!].filter(
    ([name, { data }]) =>
      Buffer.compare(
        Buffer.from(data.buffer as ArrayBuffer),
        Buffer.from(written!.get(name)!.data.buffer as ArrayBuffer),
      ) !== 0,
  );
  expect(changed.length).toBeGreaterThan(0);
  for (const [name] of changed) expect(name).toMatch(/\.(mean|variance)$/);
}, 240_000);

test('a folder that cannot be gone on in, or that holds a run, is refused before any data is read', async () => {
  const folder = temporaryFolder();
  const config = (await loadConfig('configs/smoke.yaml', [
    'data.train={ annotations: none.json, images: none }',
  ])) as DetectionConfig;
  const run = join(folder, 'run');
  await expect(train({ config, run, resume: true })).rejects.toThrow(/holds no run to resume/);
  expect(existsSync(run)).toBe(false);
  await expect(train({ config, run })).rejects.toThrow('none.json');
  expect(existsSync(run)).toBe(false); // of data that cannot be read, no folder is left
});

/** Trains the toy, with statistics that are estimated anew at its end. */
function preciseToy(task: ToyTask, options: TrainingOptions) {
  const config = parseConfig(toyConfig, 'toy.yaml', ['train.preciseBn=3', 'engine.fuse=none']);
  const opened = { task: Object.assign(task, { close: async () => {} }), prepare: () => [] };
  return runTraining(config, options, async () => opened);
}

test('train.preciseBn of a network without statistics that are learnt: refused before the first step', async () => {
  const task = new ToyTask();
  task.model.norm.frozen = true;
  const run = join(temporaryFolder(), 'run');
  await expect(preciseToy(task, { run })).rejects.toThrow(
    'train.preciseBn: the network has no batch normalisation whose statistics are learnt',
  );
  expect([task.seen, existsSync(run)]).toEqual([[], false]);
});

test('train.preciseBn that is interrupted, or fails: told, and the run is done', async () => {
  const controller = new AbortController();
  const warnings: string[] = [];
  const onWarning = (message: string) => warnings.push(message);
  const run = join(temporaryFolder(), 'run');
  const onProgress = () => controller.abort();
  const interrupted = await preciseToy(new ToyTask(), {
    run,
    signal: controller.signal,
    observer: { onProgress, onWarning },
  });
  expect(interrupted.precise).toBeUndefined();
  expect(warnings).toEqual([expect.stringMatching(/^no statistics were estimated anew .*stopped before/)]);
  expect([existsSync(interrupted.last), existsSync(join(run, 'precise.safetensors'))]).toEqual([true, false]);

  const full = Object.assign(new Error('no space left'), { code: 'ENOSPC' });
  const failing = {
    onProgress: () => {
      throw full;
    },
    onWarning,
  };
  const failed = await preciseToy(new ToyTask(), { run: join(temporaryFolder(), 'run'), observer: failing });
  expect(failed.precise).toBeUndefined();
  expect(warnings[1]).toContain('no space left');
});

test('the demo is refused under TF_CONFIG, before it makes anything', async () => {
  const out = join(temporaryFolder(), 'demo');
  const cluster = { worker: ['localhost:1', 'localhost:2'] };
  process.env.TF_CONFIG = JSON.stringify({ cluster, task: { type: 'worker', index: 0 } });
  try {
    await expect(demo({ out })).rejects.toThrow(UsageError);
  } finally {
    delete process.env.TF_CONFIG;
  }
  expect(existsSync(out)).toBe(false);
});
