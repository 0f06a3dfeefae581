import { describe, expect, it } from 'vitest';
import { describeClassifier } from '../../src/models/describeWidths.js';
import { ModelDescription } from '../../src/models/description.js';
import { tinyWidths } from '../support/cmtTensors.js';

describe('describeClassifier', () => {
  it('is a description that checkpoints take', () => {
    const description = describeClassifier(tinyWidths)!;
    expect(ModelDescription.parse(description)).toEqual(description);
    expect(description.classes).toEqual(['0', '1', '2', '3', '4']);
    expect(description.model).toMatchObject({ variant: { dims: [4, 8, 16, 32], stemChannels: 2 }, biasSize: 32 });
  });

  it.each([
    ['a backbone alone', { headChannels: undefined, classes: undefined }],
    ['no position bias', { inputSize: undefined }],
    ['hidden widths that no ratio gives', { hidden: [16, 32, 64, 96] }],
    ['an image side that 32 does not divide', { inputSize: 48 }],
  ])('%s: none', (_, change) => {
    expect(describeClassifier({ ...tinyWidths, ...change })).toBeUndefined();
  });
});
