import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DetectorModel } from '../../../src/config/modelSchema.js';
import { DetectionInference } from '../../../src/config/schema.js';
import { CheckpointError } from '../../../src/errors.js';
import { writeSafetensors } from '../../../src/formats/safetensors.js';
import { descriptionKey, readDescription } from '../../../src/models/checkpoints/modelFile.js';
import { checkPlausible } from '../../../src/models/checkpoints/plausible.js';
import { temporaryFolder } from '../../support/temporaryFolder.js';

const input = { shortSide: 800, longSide: 1333, colourProfiles: 'apply' as const };
const tensors = new Map(Array.from({ length: 30 }, (_, i) => [`tensor${i}`, { shape: [3, 3, 64, 9000] }]));
const model = (changes: object = {}, backbone: object = {}) =>
  DetectorModel.parse({
    backbone: {
      name: 'cmt',
      biasSize: 256,
      variant: { dims: [8, 16, 32, 64], stemChannels: 4, depths: [1, 2, 3, 4], ...backbone },
    },
    ...changes,
  });

test('widths up to the widest tensor, as many blocks as tensors', () => {
  checkPlausible('file', { model: model({}, { dims: [8, 16, 32, 9000], depths: [1, 1, 1, 30] }), input }, tensors);
});

test.each([
  ['a depth of 10^9', model({}, { depths: [1, 1, 1e9, 1] }), input, 'model.backbone.variant.depths.2: 1000000000'],
  ['a width that overflows', model({}, { dims: [2 ** 52, 1, 1, 1], heads: [1, 1, 1, 1] }), input, 'variant.dims.0'],
  ['a pyramid of 2^30 channels', model({ neck: { channels: 2 ** 30 } }), input, 'model.neck.channels'],
  ['31 convolutions', model({ head: { name: 'retinanet', convs: 31 } }), input, 'model.head.convs: 31 is more'],
  ['an input of 10^9 pixels', model(), { ...input, shortSide: 1e9, longSide: 1e9 }, 'input.shortSide'],
])('%s is refused before anything is built', (_, described, sides, message) => {
  const call = () => checkPlausible('file', { model: described, input: sides }, tensors);
  expect(call).toThrow(CheckpointError);
  expect(call).toThrow(message);
});

test('the description alone, read from a file whose tensors are not', async () => {
  const path = join(temporaryFolder(), 'deep.safetensors');
  const progress = { format: 2, epoch: 0, step: 0, metrics: {} };
  const described = { ...progress, kind: 'detector', model: model({}, { depths: [1, 1, 1e9, 1] }), input };
  const rest = { categories: [{ id: 1, name: 'a' }], inference: DetectionInference.parse({}) };
  const weights = new Map([['w', { dtype: 'F32', shape: [1], data: new Float32Array(1) } as const]]);
  await writeSafetensors(path, weights, { [descriptionKey]: JSON.stringify({ ...described, ...rest }) });
  expect(() => readDescription(path)).toThrow('variant.depths.2: 1000000000 is more');
});
