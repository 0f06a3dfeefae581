import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { NamedArray } from '../../../src/formats/namedArray.js';
import { writeSafetensors } from '../../../src/formats/safetensors.js';
import { readStateDict } from '../../../src/formats/stateDict.js';
import { convertCheckpoint, underOurNames } from '../../../src/models/checkpoints/convertCheckpoint.js';
import { withoutPrefixes } from '../../../src/models/checkpoints/prefixes.js';
import { authorsTensors } from '../../support/cmtTensors.js';
import { temporaryFolder } from '../../support/temporaryFolder.js';
import { torchCheckpoint } from '../../support/torchCheckpoint.js';

const folder = temporaryFolder();
const one: NamedArray = { dtype: 'F32', shape: [1], data: Float32Array.of(1) };
const named = (...names: string[]) => new Map(names.map((name) => [name, one]));
const namesWithout = (...names: string[]) => [...withoutPrefixes(named(...names)).keys()];
const under = (prefix: string) => new Map([...authorsTensors()].map(([name, array]) => [prefix + name, array]));

describe.each(['module.', '_orig_mod.', 'model.', 'backbone.', 'encoder.', 'module.model._orig_mod.backbone.'])(
  '%s before all names of a classifier',
  (prefix) => {
    const plain = underOurNames('test', authorsTensors());

    it('in .pth and .safetensors alike: the network and its tensors are those without', async () => {
      const pth = join(folder, `${prefix}pth`);
      const safe = join(folder, `${prefix}safetensors`);
      writeFileSync(pth, torchCheckpoint(under(prefix)));
      await writeSafetensors(safe, under(prefix));
      expect(underOurNames(pth, readStateDict(pth))).toEqual(plain);
      expect(underOurNames(safe, readStateDict(safe))).toEqual(plain);
    });

    it('our own names behind it', () => {
      const ours = new Map([...plain.tensors].map(([name, array]) => [prefix + name, array]));
      const back = underOurNames('test', ours);
      expect(back).toEqual(plain);
      expect(convertCheckpoint('test', ours).tensors.get('_fc.weight')).toEqual(authorsTensors().get('_fc.weight'));
    });
  },
);

describe('withoutPrefixes', () => {
  it.each([
    ['a head beside the backbone loses what it shares', ['model.backbone.layer1.0.conv1.weight', 'model.head.fc.weight'], ['backbone.layer1.0.conv1.weight', 'head.fc.weight']],
    ['what is not of the network keeps its name', ['model.layer1.0.conv1.weight', 'criterion.weight'], ['layer1.0.conv1.weight', 'criterion.weight']],
    ['our own detector stays as it is', ['backbone.stem.conv1.weight', 'neck.a.weight'], ['backbone.stem.conv1.weight', 'neck.a.weight']],
    ['of two networks, the one with more names', ['encoder.bn1.weight', 'module.bn1.weight', 'module.bn1.bias'], ['encoder.bn1.weight', 'bn1.weight', 'bn1.bias']],
    ['no tensor is lost to another of its name', ['model.bn1.weight', 'model.bn1.bias', 'bn1.weight'], ['model.bn1.weight', 'bn1.bias', 'bn1.weight']],
    ['no backbone: as it was', ['model.a.weight', 'model.b.weight'], ['model.a.weight', 'model.b.weight']],
  ])('%s', (_, names, expected) => expect(namesWithout(...names)).toEqual(expected)); // biome-ignore format: a table
});
