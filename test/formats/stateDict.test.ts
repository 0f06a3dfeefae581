import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type NamedArray, toFloat32 } from '../../src/formats/namedArray.js';
import { readSafetensors } from '../../src/formats/safetensors.js';
import { readStateDict } from '../../src/formats/stateDict.js';
import { InertRecord } from '../../src/formats/torch/pickle.js';
import { readTorch } from '../../src/formats/torch/torchFile.js';
import { checkpointError } from '../support/checkpointError.js';
import { describeWithShared } from '../support/shared.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

const folder = temporaryFolder();

describe('readStateDict', () => {
  it('a cut safetensors file is called so by its name', () => {
    const path = join(folder, 'cut.safetensors');
    writeFileSync(path, Buffer.of(1, 0));
    expect(() => readStateDict(path)).toThrow(checkpointError('byte 0: expected 8 bytes here, found 2'));
  });

  it('a file of no known format', () => {
    const path = join(folder, 'picture.pth');
    writeFileSync(path, 'GIF89a......');
    expect(() => readStateDict(path)).toThrow(checkpointError('found neither of the two formats of torch.save'));
  });
});

describeWithShared('checkpoints that PyTorch wrote', 'data/parity_cmt_mini', (shared) => {
  const reference = readSafetensors(join(shared, 'checkpoint.safetensors')).tensors;

  it('checkpoint.pth: every tensor as in the safetensors file, bit for bit', () => {
    const tensors = readStateDict(join(shared, 'checkpoint.pth'));
    expect(new Map([...tensors].sort())).toEqual(new Map([...reference].sort()));
  });

  it('checkpoint.pth under a name that says nothing', () => {
    const path = join(folder, 'weights');
    copyFileSync(join(shared, 'checkpoint.pth'), path);
    expect(readStateDict(path).size).toBe(reference.size);
  });

  it('checkpoint.pth: the Namespace and the NumPy scalar beside the model are records', () => {
    const value = readTorch(join(shared, 'checkpoint.pth')).value as Map<string, InertRecord>;
    expect(value.get('args')).toMatchObject({ className: 'argparse.Namespace', state: new Map<string, unknown>([['lr', 0.001], ['model', 'cmt']]) }); // biome-ignore format: one fact
    expect(value.get('epoch')).toBeInstanceOf(InertRecord);
  });

  // legacy.pth and bf16.pth hold the same network one AdamW step later; expected.safetensors has some of its parameters.
  const after = [...readSafetensors(join(shared, 'expected.safetensors')).tensors].filter(
    ([name]) => name.startsWith('after.') && !name.includes('running_'),
  );

  it('legacy.pth: names and shapes as in the safetensors file, parameters those of the next step', () => {
    const tensors = readStateDict(join(shared, 'legacy.pth'));
    const shapes = (of: Map<string, NamedArray>) =>
      [...of].map(([name, { dtype, shape }]) => ({ name, dtype, shape })).sort(byName);
    expect(shapes(tensors)).toEqual(shapes(reference));
    expect(after.length).toBeGreaterThan(4);
    for (const [name, array] of after) expect(tensors.get(name.slice('after.'.length))).toEqual(array);
  });

  it('bf16.pth: each value is that of legacy.pth, rounded to the nearest of 8 significant bits, ties to even', () => {
    const exact = readStateDict(join(shared, 'legacy.pth'));
    const rounded = readStateDict(join(shared, 'bf16.pth'));
    expect([...rounded.keys()]).toEqual([...exact.keys()]);
    for (const [name, array] of rounded) {
      const { dtype } = exact.get(name)!;
      expect(array.dtype).toBe(dtype === 'F32' ? 'BF16' : dtype);
      const expected = dtype === 'F32' ? roundToBf16(toFloat32(exact.get(name)!)) : toFloat32(exact.get(name)!);
      expect(toFloat32(array)).toEqual(expected);
    }
  });
});

const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);

/** Adds half a unit of the upper 16 bits, a little less where the last of them is 0, and cuts. Not for NaN. */
function roundToBf16(values: Float32Array): Float32Array {
  const bits = new Uint32Array(values.slice().buffer);
  return new Float32Array(bits.map((value) => (value + 0x7fff + ((value >>> 16) & 1)) & 0xffff0000).buffer);
}
