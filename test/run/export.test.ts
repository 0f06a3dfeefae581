import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseConfig } from '../../src/config/load.js';
import type { ClassificationConfig } from '../../src/config/schema.js';
import { UsageError } from '../../src/errors.js';
import type { ModelDescription } from '../../src/models/checkpoints/description.js';
import { saveModel } from '../../src/models/checkpoints/modelFile.js';
import { type ExportOptions, exportModel } from '../../src/run/export.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { tinyClassifier, tinyCmt } from '../support/tinyModels.js';
import { ToyTask } from '../support/toyTask.js';

const folder = temporaryFolder();
const val = { annotations: 'val.json', images: 'val' };

// None of these gets as far as reading the checkpoint, which is none.
it.each<[string, Omit<ExportOptions, 'checkpoint' | 'out'>, string, string]>([
  [
    'a SavedModel',
    { format: 'savedmodel', size: { height: 64, width: 64 }, batch: 1, nms: true, float16: true, opset: 18 },
    'out',
    '--nms, --float16, --opset mean nothing for --format savedmodel',
  ],
  [
    'a page',
    { format: 'web', float16: true, size: { height: 64, width: 64 }, batch: 1, pixels: 'uint8', externalData: true },
    'out',
    '--size, --batch, --pixels, --external-data mean nothing for --format web',
  ],
  ['ONNX in a file of another name', { format: 'onnx' }, 'out', 'expected a file that ends in .onnx'],
  ['a val set for a SavedModel', { format: 'savedmodel', nms: false, val }, 'out', 'is not measured on a val set'],
])('%s: refused before anything is read or written', async (_, options, name, message) => {
  const out = join(folder, name);
  const refused = exportModel({ checkpoint: 'none.safetensors', out, ...options });
  await expect(refused).rejects.toThrow(UsageError);
  await expect(refused).rejects.toThrow(message);
  expect(existsSync(out)).toBe(false);
});

it.each<[string, Partial<ExportOptions>, string]>([
  ['boxes inside', { nms: true }, '--nms means nothing for a classifier'],
  ['a val set', { val }, 'a val set to measure on is for detectors'],
])('a classifier with %s: refused before anything is written', async (_, options, message) => {
  const checkpoint = join(folder, 'classifier.safetensors');
  const text = `{ task: classification, model: { backbone: ${tinyCmt} }, data: { train: none } }`;
  const { model } = parseConfig(text, 'tiny') as ClassificationConfig;
  const described = new ToyTask().describe({ epoch: 0, step: 0, metrics: {} });
  await using classifier = tinyClassifier();
  await saveModel(checkpoint, classifier.model, { ...described, model, classes: [...'abcde'] } as ModelDescription);
  const refused = exportModel({ checkpoint, format: 'onnx', out: join(folder, 'classifier.onnx'), ...options });
  await expect(refused).rejects.toThrow(message);
  expect(readdirSync(folder)).toEqual(['classifier.safetensors']);
});
