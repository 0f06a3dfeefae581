import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { exportModel } from '../../src/run/export.js';
import { predict } from '../../src/run/predict.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

// Neither gets as far as reading the checkpoint, which is none.
const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const files = ['detections.json', 'model.onnx', 'saved_model.pb', 'a.jpg'];
for (const name of files) writeFileSync(at(name), name);

it.each([
  ['detections.json as a picture', { checkpoint: at('none'), inputs: [at('a.jpg'), at('detections.json')] }],
  ['a checkpoint called detections.json', { checkpoint: at('detections.json'), inputs: [at('a.jpg')] }],
])('predict is refused: %s', async (_, options) => {
  await expect(predict({ ...options, out: folder })).rejects.toThrow('is read by this command too');
  expect(readFileSync(at('detections.json'), 'utf8')).toBe('detections.json');
});

it.each([
  ['onto the checkpoint', { checkpoint: at('model.onnx'), format: 'onnx', out: at('model.onnx') }],
  ['onto a picture to compare on', { checkpoint: 'none', format: 'onnx', out: at('a.jpg'), pictures: [at('a.jpg')] }],
  [
    'into the folder of a checkpoint with a name it needs',
    { checkpoint: at('model.onnx'), format: 'web', out: folder },
  ],
  ['the same for a SavedModel', { checkpoint: at('saved_model.pb'), format: 'savedmodel', out: folder }],
] as const)('export is refused: %s', async (_, options) => {
  await expect(exportModel(options)).rejects.toThrow('is read by this command too');
  for (const name of files) expect(readFileSync(at(name), 'utf8')).toBe(name);
});
