import { describe, expect, it } from 'vitest';
import { describeCmt } from '../../../src/models/checkpoints/describeWidths.js';
import { ModelDescription } from '../../../src/models/checkpoints/description.js';
import { tinyWidths } from '../../support/cmtTensors.js';

describe('describeCmt', () => {
  it('is a description that checkpoints take', () => {
    const description = describeCmt(tinyWidths).description!;
    expect(ModelDescription.parse(description)).toEqual(description);
    expect(description.classes).toEqual(['0', '1', '2', '3', '4']);
    expect(description.model).toMatchObject({
      backbone: { variant: { dims: [4, 8, 16, 32], stemChannels: 2 }, biasSize: 32 },
    });
  });

  it.each([
    ['a backbone alone', { headChannels: undefined, classes: undefined }],
    ['no position bias', { inputSize: undefined }],
    ['hidden widths that no ratio gives', { hidden: [16, 32, 64, 96] }],
    ['an image side that 32 does not divide', { inputSize: 48 }],
  ])('%s: none', (_, change) => {
    const { description, problems } = describeCmt({ ...tinyWidths, ...change });
    expect(description).toBeUndefined();
    expect(problems).not.toEqual([]);
  });
});
