import { describe, expect, it } from 'vitest';
import { Cmt } from '../../../src/models/backbones/cmt.js';
import { type CmtWidths, cmtNames } from '../../../src/models/checkpoints/cmtAuthorNames.js';
import { CmtClassifier } from '../../../src/models/classifiers/cmtClassifier.js';
import { tinyWidths } from '../../support/cmtTensors.js';

const family = { heads: [1, 2, 4, 8], reductions: [8, 4, 2, 1], headChannels: 1280, classes: 1000 };
const variant = (stem: number, dims: number[], hidden: number[], depths: number[], inputSize: number): CmtWidths => ({
  ...family,
  stem,
  dims,
  hidden,
  depths,
  inputSize,
});

describe('cmtNames', () => {
  // Counted in PyTorch on the authors' release: entries of the state dict, parameters, and elements of the parameters.
  it.each([
    ['Ti', variant(16, [46, 92, 184, 368], [165, 331, 662, 1324], [2, 2, 10, 2], 160), 708, 510, 9_492_426],
    ['XS', variant(16, [52, 104, 208, 416], [196, 392, 784, 1568], [3, 3, 12, 3], 192), 911, 656, 15_247_208],
    ['S', variant(32, [64, 128, 256, 512], [256, 512, 1024, 2048], [3, 3, 16, 3], 224), 1079, 776, 26_256_160],
    ['B', variant(38, [76, 152, 304, 608], [304, 608, 1216, 2432], [4, 4, 20, 4], 256), 1366, 982, 45_715_076],
  ])('CMT-%s has the entries, parameters and elements of the release', (_, widths, entries, parameters, elements) => {
    const present = [...cmtNames(widths.depths)].filter(({ shape }) => shape(widths));
    const trained = present.filter(({ theirs }) => !/running_|num_batches/.test(theirs));
    const count = (sides: readonly (number | undefined)[]) =>
      sides.reduce<number>((product, side) => product * side!, 1);
    expect(new Set(present.map(({ theirs }) => theirs)).size).toBe(entries);
    expect(trained).toHaveLength(parameters);
    expect(trained.reduce((sum, { shape }) => sum + count(shape(widths)!), 0)).toBe(elements);
  });

  it('our names and shapes are those of the network', () => {
    const spec = { ...tinyWidths, stemChannels: tinyWidths.stem, ratio: 3.6, inputSize: 32 };
    const model = new CmtClassifier(new Cmt(spec as unknown as ConstructorParameters<typeof Cmt>[0]), {
      classes: 5,
      headChannels: 6,
    });
    const ofModel = [...model.parameters()].map(([name, { shape }]) => `${name} ${shape.join()}`);
    const ofList = [...cmtNames(tinyWidths.depths)]
      .filter(({ ours, shape }) => ours && shape(tinyWidths))
      .map(({ ours, shape }) => `${ours} ${shape(tinyWidths)!.join()}`);
    expect(ofList.sort()).toEqual(ofModel.sort());
  });
});
