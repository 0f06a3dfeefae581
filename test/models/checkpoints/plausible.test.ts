import { expect, test } from 'vitest';
import { DetectorModel } from '../../../src/config/modelSchema.js';
import { CheckpointError } from '../../../src/errors.js';
import { checkPlausible } from '../../../src/models/checkpoints/plausible.js';

const input = { shortSide: 800, longSide: 1333 };
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
  ['an input of 10^9 pixels', model(), { shortSide: 1e9, longSide: 1e9 }, 'input.shortSide'],
])('%s is refused before anything is built', (_, described, sides, message) => {
  const call = () => checkPlausible('file', { model: described, input: sides }, tensors);
  expect(call).toThrow(CheckpointError);
  expect(call).toThrow(message);
});
