import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CheckpointError, ConfigError, UsageError } from '../../src/errors.js';
import { buildClassifier, buildDetector } from '../../src/models/build.js';
import type { ModelDescription } from '../../src/models/checkpoints/description.js';
import { saveModel } from '../../src/models/checkpoints/modelFile.js';
import { findModel, inputSizeOf } from '../../src/run/namedModel.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

test('names: ImageNet classes at the variant’s size, COCO classes at 800 x 1280', async () => {
  const classifier = await findModel('cmt_s');
  expect(classifier).toMatchObject({ classes: 1000, inputSize: [224, 224], config: { task: 'classification' } });
  expect(classifier.config.model.backbone).toMatchObject({ name: 'cmt', variant: 'cmt_s' });
  const detector = await findModel('retinanet_cmt_ti');
  expect(detector).toMatchObject({ classes: 80, inputSize: [800, 1280], config: { task: 'detection' } });
  expect(detector.config.model.backbone).toMatchObject({ name: 'cmt', variant: 'cmt_ti' });
});

test('a config: its own network and size', async () => {
  const model = await findModel('configs/smoke.yaml');
  expect(model).toMatchObject({ classes: 80, inputSize: [128, 128], config: { model: { neck: { channels: 64 } } } });
  expect((await findModel('configs/pretrain_cmt_ti_imagenet.yaml')).inputSize).toEqual([160, 160]);
});

test('checkpoints: what they say of themselves', async () => {
  const folder = temporaryFolder();
  const { config } = await findModel('configs/smoke.yaml');
  if (config.task !== 'detection') throw new Error('smoke.yaml is a detector');
  const { model, inference } = config;
  const common = { format: 2, epoch: 0, step: 0, metrics: {} } as const;
  const detector: ModelDescription = {
    ...common,
    kind: 'detector',
    model,
    categories: [{ id: 7, name: 'cat' }],
    input: { shortSide: 96, longSide: 160, colourProfiles: 'apply' },
    inference: { ...inference, maxDetections: 3 },
  };
  const file = join(folder, 'detector.safetensors');
  await saveModel(file, buildDetector(model, 1), detector);
  const found = await findModel(file);
  expect(found).toMatchObject({ classes: 1, inputSize: [96, 160], config: { task: 'detection', model } });
  expect(found.config.inference).toMatchObject({ maxDetections: 3 });

  const named = await findModel('cmt_ti');
  if (named.config.task !== 'classification') throw new Error('cmt_ti is a classifier');
  if (model.backbone.name !== 'cmt') throw new Error('smoke.yaml has a CMT');
  const { frozenStages: _, batchNorm: __, ...backbone } = model.backbone;
  const classifierModel = { ...named.config.model, backbone };
  const classifier: ModelDescription = {
    ...common,
    kind: 'classifier',
    model: classifierModel,
    classes: ['cat', 'dog'],
    input: { size: 128, cropFraction: 1, interpolation: 'bicubic', colourProfiles: 'apply' },
  };
  const other = join(folder, 'classifier.safetensors');
  await saveModel(other, buildClassifier(classifierModel, 2), classifier);
  expect(await findModel(other)).toMatchObject({
    classes: 2,
    inputSize: [128, 128],
    config: { task: 'classification', model: classifierModel },
  });
});

test('sizes: its own, or another one, up to multiples of 32', async () => {
  const model = await findModel('retinanet_cmt_ti');
  expect(inputSizeOf(model)).toEqual([800, 1280]);
  expect(inputSizeOf(model, [500, 500])).toEqual([512, 512]);
  expect(inputSizeOf(model, [800, 1333])).toEqual([800, 1344]);
});

test('neither a name nor a file of ours', async () => {
  await expect(findModel('retinanet_cmt_x')).rejects.toThrow('Models: cmt_ti, cmt_xs, cmt_s, cmt_b, resnet18,');
  await expect(findModel('nowhere.yaml')).rejects.toThrow(UsageError);
  await expect(findModel('biome.json')).rejects.toThrow(CheckpointError);
  const broken = join(temporaryFolder(), 'broken.yaml');
  writeFileSync(broken, 'task: detection');
  await expect(findModel(broken)).rejects.toThrow(ConfigError);
});
