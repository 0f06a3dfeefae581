import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { NamedArray } from '../../../src/formats/namedArray.js';
import { readStateDict } from '../../../src/formats/stateDict.js';
import { exportAuthors, importAuthors } from '../../../src/models/checkpoints/cmtCheckpoint.js';
import { convertCheckpoint, underOurNames } from '../../../src/models/checkpoints/convertCheckpoint.js';
import { checkpointError } from '../../support/checkpointError.js';
import { authorsTensors, tinyWidths } from '../../support/cmtTensors.js';
import { describeWithShared } from '../../support/shared.js';

type Tensors = Map<string, NamedArray>;

const floats = (shape: number[], data = new Float32Array(shape.reduce((a, b) => a * b, 1))): NamedArray => ({
  dtype: 'F32',
  shape,
  data,
});

const renamed = (tensors: Tensors, rename: (name: string) => string): Tensors =>
  new Map([...tensors].map(([name, array]) => [rename(name), array]));

const without = (tensors: Tensors, pattern: RegExp): Tensors =>
  new Map([...tensors].filter(([name]) => !pattern.test(name)));

const withoutClassifier = (tensors: Tensors) => without(tensors, /^(_fc|_bn|head)\./);

describe('importAuthors', () => {
  const { tensors, widths, mapped, leftOut, otherShape, missing } = importAuthors('test', authorsTensors());
  const theirs = (name: string) => authorsTensors().get(name)!;

  it('maps every parameter, and leaves out the counters', () => {
    expect(widths).toEqual(tinyWidths);
    expect(mapped).toHaveLength([...authorsTensors().values()].filter(({ dtype }) => dtype === 'F32').length);
    expect(mapped[0]).toEqual({ from: 'stem_conv1.weight', to: 'backbone.stem.conv1.weight', shape: [3, 3, 3, 2] });
    expect([otherShape, missing]).toEqual([[], []]);
    expect(new Set(leftOut.map(({ reason }) => reason))).toEqual(new Set(["counter of PyTorch's BatchNorm"]));
  });

  it('convolution: [O, I, kh, kw] to [kh, kw, I, O]', () => {
    const array = theirs('patch_embed_b.proj.weight'); // [8, 4, 2, 2]
    const ours = tensors.get('backbone.stages.1.patch.conv.weight')!;
    expect(ours.shape).toEqual([2, 2, 4, 8]);
    const [o, i, y, x] = [5, 3, 1, 0];
    expect(ours.data[((y * 2 + x) * 4 + i) * 8 + o]).toBe(array.data[((o * 4 + i) * 2 + y) * 2 + x]);
  });

  it('depth-wise convolution: [C, 1, kh, kw] to [kh, kw, C, 1]', () => {
    const array = theirs('blocks_a.0.attn.sr.0.weight'); // [4, 1, 8, 8]
    const ours = tensors.get('backbone.stages.0.blocks.0.attention.reduce.weight')!;
    expect(ours.shape).toEqual([8, 8, 4, 1]);
    const [c, y, x] = [3, 7, 2];
    expect(ours.data[(y * 8 + x) * 4 + c]).toBe(array.data[(c * 8 + y) * 8 + x]);
  });

  it('linear layer: [O, I] to [I, O]', () => {
    const array = theirs('head.weight'); // [5, 6]
    const ours = tensors.get('head.weight')!;
    expect(ours.shape).toEqual([6, 5]);
    expect(ours.data[2 * 5 + 4]).toBe(array.data[4 * 6 + 2]);
  });

  it('statistics and position bias: as they are', () => {
    expect(tensors.get('expandNorm.mean')).toEqual(theirs('_bn.running_mean'));
    expect(tensors.get('expandNorm.variance')).toEqual(theirs('_bn.running_var'));
    expect(tensors.get('backbone.stages.2.positionBias')).toEqual(theirs('relative_pos_c'));
  });

  it('a backbone alone, with backbone. before its names and a neck beside it', () => {
    const file = renamed(withoutClassifier(authorsTensors()), (name) => `backbone.${name}`);
    file.set('neck.lateral_convs.0.conv.weight', floats([1]));
    const found = importAuthors('test', file);
    expect(found.missing).toEqual([]);
    expect(found.leftOut.at(-1)).toEqual({
      name: 'neck.lateral_convs.0.conv.weight',
      reason: 'not of the backbone or classifier',
    });
    expect(found.tensors).toEqual(importAuthors('test', withoutClassifier(authorsTensors())).tensors);
  });

  it('other element types become 32-bit floats', () => {
    const file = authorsTensors();
    file.set('head.bias', { dtype: 'BF16', shape: [5], data: Uint16Array.of(0x3f80, 0x4000, 0, 0, 0) });
    file.set('_fc.bias', { dtype: 'F64', shape: [6], data: Float64Array.of(0.5, 1 / 3, 0, 0, 0, 0) });
    const ours = importAuthors('test', file).tensors;
    expect(ours.get('head.bias')).toEqual(floats([5], Float32Array.of(1, 2, 0, 0, 0)));
    expect(ours.get('expand.bias')).toEqual(floats([6], Float32Array.of(0.5, 1 / 3, 0, 0, 0, 0)));
  });

  it('shapes that do not fit are named in the layout of the file, and left out', () => {
    const file = authorsTensors();
    file.set('blocks_b.1.mlp.conv2.0.weight', floats([8, 30, 1, 1]));
    file.set('blocks_c.0.attn.q.weight', floats([256]));
    file.set('relative_pos_d', floats([8, 4, 4]));
    const found = importAuthors('test', file);
    expect(found.otherShape).toEqual([
      { name: 'blocks_b.1.mlp.conv2.0.weight', expected: [8, 28, 1, 1], found: [8, 30, 1, 1] },
      { name: 'blocks_c.0.attn.q.weight', expected: [16, 16], found: [256] },
      { name: 'relative_pos_d', expected: [8, 1, 1], found: [8, 4, 4] },
    ]);
    expect(found.tensors.has('backbone.stages.3.positionBias')).toBe(false);
  });

  it('missing: named as the file would have them', () => {
    const found = importAuthors('test', without(authorsTensors(), /^(relative_pos|blocks_a\.0\.norm2)/));
    expect(found.missing).toEqual([
      'relative_pos_a',
      'blocks_a.0.norm2.weight',
      'blocks_a.0.norm2.bias',
      'relative_pos_b',
      'relative_pos_c',
      'relative_pos_d',
    ]);
  });

  it('without the shapes that tell the widths: refused, in the names of the file', () => {
    const file = without(authorsTensors(), /^(stem_conv1|blocks_b\.0\.mlp)/);
    expect(() => importAuthors('x.pth', file)).toThrowErrorMatchingInlineSnapshot(`
      [CheckpointError: x.pth: 2 problems
        stem_conv1.weight: is missing
        blocks_b.0.mlp.conv1.0.weight: is missing
      This is not a CMT, or not the whole of one; its shapes say which one.]
    `);
  });

  it('what no block of the network has is left out', () => {
    const file = authorsTensors();
    const strangers = ['blocks_a.999999999.proj.weight', 'blocks_d.0.attn.sr.0.weight', 'head_dist.weight'];
    for (const name of strangers) file.set(name, floats([1, 1, 1]));
    const names = importAuthors('test', file).leftOut.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(strangers));
  });
});

describe('exportAuthors', () => {
  it('is the inverse of the import, with counters at 0', () => {
    const original = authorsTensors();
    const { tensors, missing, leftOut } = exportAuthors('test', importAuthors('test', original).tensors);
    expect([missing, leftOut]).toEqual([[], []]);
    expect([...tensors.keys()].sort()).toEqual([...original.keys()].sort());
    for (const [name, array] of original)
      expect(tensors.get(name)).toEqual(array.dtype === 'I64' ? { ...array, data: BigInt64Array.of(0n) } : array);
  });

  it('a detector gives its backbone; neck and head are left out', () => {
    const detector = importAuthors('test', withoutClassifier(authorsTensors())).tensors;
    for (const name of ['neck.lateral.0.weight', 'head.classLogits.weight']) detector.set(name, floats([1]));
    const { tensors, leftOut } = exportAuthors('test', detector);
    expect(leftOut.map(({ name }) => name)).toEqual(['neck.lateral.0.weight', 'head.classLogits.weight']);
    expect([...tensors.keys()].sort()).toEqual([...withoutClassifier(authorsTensors()).keys()].sort());
  });
});

describe('position bias of another kind', () => {
  it('tables are left out of an export, which then lacks the grids', () => {
    const ours = importAuthors('test', without(authorsTensors(), /^relative_pos/)).tensors;
    ours.set('backbone.stages.1.positionBias.tables.0', floats([7, 7]));
    const { leftOut, missing } = exportAuthors('test', ours);
    expect(leftOut).toEqual([
      {
        name: 'backbone.stages.1.positionBias.tables.0',
        reason: "a block's table of offsets, where the authors have a grid a stage",
      },
    ]);
    expect(missing).toEqual([0, 1, 2, 3].map((s) => `backbone.stages.${s}.positionBias`));
  });

  it("FlyEgle/CMT-pytorch's checkpoints are of another network", () => {
    const names = ['stem.conv3x3_gelu_bn_downsample.0.weight', 'stage1.block_list.0.LMHSA.position_embeeding'];
    const file = new Map(names.map((name) => [name, floats([1])]));
    expect(() => convertCheckpoint('their.pth', file)).toThrowErrorMatchingInlineSnapshot(`
      [CheckpointError: their.pth: 1 problem
        names: these are FlyEgle/CMT-pytorch's
      That is another network, into which its weights do not fit: full convolutions make the keys, nothing normalises between stages, the feed-forward network's shortcut comes later. model.backbone.positionBias: table gives its kind of position bias.]
    `);
  });
});

describe('convertCheckpoint', () => {
  it('finds the direction in the names, whatever prefix they have', () => {
    const ours = importAuthors('test', authorsTensors()).tensors;
    const bare = renamed(ours, (name) => name.replace('backbone.', ''));
    expect(convertCheckpoint('test', authorsTensors()).direction).toBe('import');
    expect(convertCheckpoint('test', ours).direction).toBe('export');
    expect(convertCheckpoint('test', bare).tensors).toEqual(convertCheckpoint('test', ours).tensors);
  });

  it('a checkpoint of another network', () => {
    const vgg = new Map([
      ['features.0.weight', floats([1])],
      ['fc.bias', floats([1])],
    ]);
    expect(() => convertCheckpoint('vgg.pth', vgg)).toThrowErrorMatchingInlineSnapshot(`
      [CheckpointError: vgg.pth: 1 problem
        names: expected stem_conv1.weight (the CMT authors' names), layer1.0.conv1.weight (torchvision's) or backbone.stem.conv1.weight (ours), found features.0.weight, fc.bias
      This is no checkpoint of a CMT or a ResNet.]
    `);
    expect(() => convertCheckpoint('empty.pth', new Map())).toThrow(checkpointError('found no tensors'));
  });
});

describe('underOurNames', () => {
  it('gives the same for both namings', () => {
    const ours = importAuthors('test', authorsTensors());
    for (const file of [authorsTensors(), ours.tensors]) {
      const { tensors, described } = underOurNames('test', file);
      expect(described.description?.model.backbone).toMatchObject({ name: 'cmt', variant: { dims: tinyWidths.dims } });
      expect(tensors).toEqual(ours.tensors);
    }
  });
});

describeWithShared("the authors' checkpoint", 'data/parity_cmt_mini', (shared) => {
  it('there and back: the same bytes', () => {
    const original = readStateDict(join(shared, 'checkpoint.pth'));
    const imported = convertCheckpoint('test', original);
    expect([imported.mapped.length, imported.otherShape, imported.missing]).toEqual([268, [], []]);
    const back = convertCheckpoint('test', imported.tensors).tensors;
    expect([...back.keys()].sort()).toEqual([...original.keys()].sort());
    for (const [name, array] of original) if (array.dtype === 'F32') expect(back.get(name)).toEqual(array);
  });
});
