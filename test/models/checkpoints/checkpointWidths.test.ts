import { describe, expect, it } from 'vitest';
import { depthsOfNames, hiddenRatio, widthsOfShapes } from '../../../src/models/checkpoints/checkpointWidths.js';
import { cmtNames } from '../../../src/models/checkpoints/cmtAuthorNames.js';
import { checkpointError } from '../../support/checkpointError.js';
import { tinyWidths } from '../../support/cmtTensors.js';

const shapes = (without = /^$/) =>
  new Map(
    [...cmtNames(tinyWidths.depths)].flatMap(({ ours, shape }) => {
      const sides = shape(tinyWidths) as number[] | undefined;
      return ours && sides && !without.test(ours) ? [[ours, sides] as const] : [];
    }),
  );

describe('widthsOfShapes', () => {
  it('gives the widths that the shapes were made from', () => {
    expect(widthsOfShapes('test', shapes())).toEqual(tinyWidths);
  });

  it('a backbone alone has no classes', () => {
    const { headChannels, classes } = widthsOfShapes('test', shapes(/^(expand|expandNorm|head)\./));
    expect([headChannels, classes]).toEqual([undefined, undefined]);
  });

  it('without position bias: heads as wide as the first stage, the image size is not known', () => {
    const { heads, inputSize } = widthsOfShapes('test', shapes(/positionBias/));
    expect([heads, inputSize]).toEqual([[1, 2, 4, 8], undefined]);
  });

  it('without what it needs', () => {
    expect(() => widthsOfShapes('x.pth', shapes(/stem\.conv1|stages\.2\.blocks/))).toThrowErrorMatchingInlineSnapshot(`
      [CheckpointError: x.pth: 2 problems
        backbone.stem.conv1.weight: is missing
        backbone.stages.2.blocks.0.irffn.expand.weight: is missing
      This is not a CMT, or not the whole of one; its shapes say which one.]
    `);
  });

  it('a first convolution of two axes', () => {
    const wrong = shapes().set('backbone.stem.conv1.weight', [2, 27]);
    expect(() => widthsOfShapes('x.pth', wrong)).toThrow(
      checkpointError('backbone.stem.conv1.weight: expected 4 axes, found [2, 27]'),
    );
  });
});

describe('depthsOfNames', () => {
  const pattern = /^blocks_([a-d])\.(\d+)\./;
  it('counts without a gap', () => {
    expect(depthsOfNames(['blocks_a.0.x', 'blocks_a.1.x', 'blocks_a.3.x', 'blocks_d.0.x'], pattern)).toEqual([
      2, 0, 0, 1,
    ]);
  });
  it('a block number of nine digits costs nothing', () => {
    expect(depthsOfNames(['blocks_b.0.x', 'blocks_b.999999999.x'], pattern)).toEqual([0, 1, 0, 0]);
  });
});

describe('hiddenRatio', () => {
  it.each([
    ['Ti', [46, 92, 184, 368], [165, 331, 662, 1324]],
    ['XS', [52, 104, 208, 416], [196, 392, 784, 1568]],
    ['S', [64, 128, 256, 512], [256, 512, 1024, 2048]],
    ['B', [76, 152, 304, 608], [304, 608, 1216, 2432]],
  ])('CMT-%s: gives the hidden widths again', (_, dims, hidden) => {
    const ratio = hiddenRatio({ ...tinyWidths, dims, hidden })!;
    expect(dims.map((channels) => Math.trunc(channels * ratio))).toEqual(hidden);
  });

  it('widths that no ratio gives', () => {
    expect(hiddenRatio({ ...tinyWidths, dims: [4, 8, 16, 32], hidden: [16, 32, 64, 96] })).toBeUndefined();
  });
});
