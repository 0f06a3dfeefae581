import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { ClassifierModel } from '../../src/config/modelSchema.js';
import { buildClassifier, type ClassifierConfig } from '../../src/models/build.js';
import { fitBackbone, readFirstWeights } from '../../src/models/checkpoints/initFrom.js';
import { saveModel } from '../../src/models/checkpoints/modelFile.js';
import { Classifier } from '../../src/models/classifier.js';
import { inference } from '../../src/nn/module.js';
import { useEagerBackend } from '../../src/tensorflow/backend.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

beforeAll(() => useEagerBackend());

const folder = temporaryFolder();
const variant = { dims: [4, 8, 16, 32], stemChannels: 2, depths: [1, 2, 1, 1] };
const config = (keys: object): ClassifierConfig =>
  ClassifierModel.parse({
    backbone: { name: 'cmt', variant, biasSize: 32, ...keys },
    head: { name: 'cmt', channels: 6 },
  });

const biases = (keys: object) =>
  [...buildClassifier(config(keys), 5).parameters()].flatMap(([name, { shape }]) =>
    name.includes('positionBias') ? [`${name} [${shape.join(', ')}]`] : [],
  );

function catchMessage(body: () => unknown): string {
  try {
    body();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('nothing was thrown');
}

describe('positionBias', () => {
  test('grid: one a stage', () => {
    expect(biases({})).toEqual([
      'backbone.stages.0.positionBias [1, 64, 1]',
      'backbone.stages.1.positionBias [2, 16, 1]',
      'backbone.stages.2.positionBias [4, 4, 1]',
      'backbone.stages.3.positionBias [8, 1, 1]',
    ]);
  });

  test('table: one a block, of all offsets of the grid of its stage', () => {
    expect(biases({ positionBias: 'table' })).toEqual([
      'backbone.stages.0.positionBias.tables.0 [15, 15]',
      'backbone.stages.1.positionBias.tables.0 [7, 7]',
      'backbone.stages.1.positionBias.tables.1 [7, 7]',
      'backbone.stages.2.positionBias.tables.0 [3, 3]',
      'backbone.stages.3.positionBias.tables.0 [1, 1]',
    ]);
  });

  test('none: no parameters', () => {
    expect(biases({ positionBias: 'none' })).toEqual([]);
  });

  test('table, flattened: refused', () => {
    expect(() => config({ positionBias: 'table', biasResample: 'flattened' })).toThrow(
      'flattened is for positionBias: grid; a table is resampled by bilinear or bicubic',
    );
  });

  const choices = [
    { positionBias: 'grid' },
    { positionBias: 'table', biasTableFit: 'slice' },
    { positionBias: 'table', biasTableFit: 'bicubic' },
    { positionBias: 'none' },
  ];

  test('each choice gives other maps, on a grid that is not square too', () => {
    const x = tf.randomNormal<tf.Rank.R4>([1, 64, 96, 3], 0, 1, 'float32', 3);
    const maps = choices.map((keys) => {
      const model = buildClassifier(config({ ...keys, biasSize: 64 }), 5, { seed: 1 });
      const c2 = tf.tidy(() => model.backbone.forward(x, inference)[0]);
      expect(c2.shape).toEqual([1, 16, 24, 4]);
      return [...c2.dataSync()];
    });
    for (const map of maps) expect(map.every(Number.isFinite)).toBe(true);
    expect(new Set(maps.map(String)).size).toBe(choices.length);
  });

  const save = async (keys: object) => {
    const path = join(folder, `${Object.values(keys).join('-')}.safetensors`);
    const model = buildClassifier(config(keys), 2, { seed: 1 });
    const input = { size: 32, cropFraction: 1, interpolation: 'bicubic', colourProfiles: 'apply' } as const;
    const described = { format: 2, kind: 'classifier', epoch: 0, step: 0, metrics: {}, input } as const;
    await saveModel(path, model, { ...described, model: config(keys), classes: ['a', 'b'] });
    return { path, model };
  };

  test.each(choices)('a checkpoint carries the choice: %j', async (keys) => {
    const { path, model } = await save(keys);
    const loaded = Classifier.load(path);
    const x = tf.randomNormal<tf.Rank.R4>([1, 64, 32, 3], 0, 1, 'float32', 3);
    const [wanted, found] = [model, loaded.model].map((one) => [
      ...tf.tidy(() => one.forward(x, inference).dataSync()),
    ]);
    expect(found).toEqual(wanted);
    await loaded.dispose();
  });

  test('init from a backbone with another kind of bias: what to set', async () => {
    const { path } = await save({ positionBias: 'grid' });
    const { backbone } = buildClassifier(config({ positionBias: 'table' }), 2);
    const message = catchMessage(() => fitBackbone(backbone, readFirstWeights(path), path)).replace(path, 'FILE');
    expect(message).toMatchInlineSnapshot(`
      "FILE: 5 problems
        backbone.stages.0.positionBias.tables.0: missing
        backbone.stages.1.positionBias.tables.0: missing
        backbone.stages.1.positionBias.tables.1: missing
        backbone.stages.2.positionBias.tables.0: missing
        backbone.stages.3.positionBias.tables.0: missing
      Only the position bias differs: set model.backbone.positionBias, and model.backbone.biasSize to the image size, as in pretraining; it is resampled to every other size."
    `);
  });
});
