import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { NamedArray } from '../../../src/formats/namedArray.js';
import { writeSafetensors } from '../../../src/formats/safetensors.js';
import { nonFinite } from '../../../src/models/checkpoints/finite.js';
import { fitBackbone, readFirstWeights } from '../../../src/models/checkpoints/initFrom.js';
import { saveModel } from '../../../src/models/checkpoints/modelFile.js';
import { Classifier } from '../../../src/models/classifier.js';
import { Detector } from '../../../src/models/detector.js';
import { predict } from '../../../src/run/predict.js';
import { checkpointError } from '../../support/checkpointError.js';
import { temporaryFolder } from '../../support/temporaryFolder.js';
import { tinyClassifier, tinyDetector } from '../../support/tinyModels.js';

const folder = temporaryFolder();

describe('nonFinite', () => {
  it.each<[string, NamedArray, string | undefined]>([
    ['two of three', { dtype: 'F32', shape: [3], data: Float32Array.of(1, Number.NaN, -Infinity) }, '2 of 3 values are NaN or infinite'],
    ['a half', { dtype: 'F16', shape: [2], data: Uint16Array.of(0x7c00, 0x7bff) }, '1 of 2 values are NaN or infinite'],
    ['a bfloat16', { dtype: 'BF16', shape: [1], data: Uint16Array.of(0x7fc0) }, '1 of 1 values are NaN or infinite'],
    ['the largest floats', { dtype: 'F32', shape: [2], data: Float32Array.of(3.4e38, -3.4e38) }, undefined],
    ['a counter', { dtype: 'I64', shape: [], data: BigInt64Array.of(17n) }, undefined],
  ])('%s', (_, array, message) => {
    expect(nonFinite([['w', array]])).toEqual(message === undefined ? [] : [{ at: 'w', message }]);
  }); // biome-ignore format: a table
});

describe('a checkpoint with NaN in all of its tensors is refused, with the first ones', () => {
  const wild = async (name: string, { model, description }: Pick<Detector, 'model' | 'description'>) => {
    const path = join(folder, name);
    const values = [...model.parameters()].map(([name, { value }]) => [name, value.map(() => Number.NaN)] as const);
    await saveModel(path, model, description, new Map(values));
    return path;
  };
  const first = checkpointError('backbone.stem.conv1.weight: 108 of 108 values are NaN or infinite');

  it('Detector.load, predict, --init-from', async () => {
    const detector = tinyDetector();
    const path = await wild('detector.safetensors', detector);
    expect(() => Detector.load(path)).toThrow(first);
    expect(() => Detector.load(path)).toThrow(/^.*: 6 problems\n(.*\n){5}.*and \d+ more tensors\n.*older checkpoint/);
    expect(() => fitBackbone(detector.model.backbone, readFirstWeights(path), path)).toThrow(first);
    await expect(predict({ checkpoint: path, inputs: [path] })).rejects.toThrow(first);
    await detector.dispose();
  });

  it('Classifier.load', async () => {
    const classifier = tinyClassifier();
    const path = join(folder, 'classifier.safetensors');
    const tensors = [...classifier.model.parameters()].map(([name, { shape, value }]): [string, NamedArray] => {
      return [name, { dtype: 'F32', shape, data: name === 'head.bias' ? value.map(() => Infinity) : value }];
    });
    await writeSafetensors(path, new Map(tensors));
    expect(() => Classifier.load(path)).toThrow(checkpointError('head.bias: 5 of 5 values are NaN or infinite'));
    await classifier.dispose();
  });
});
