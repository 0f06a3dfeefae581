import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { convert } from '../../src/cli/convert.js';
import { UsageError } from '../../src/errors.js';
import { readSafetensors, writeSafetensors } from '../../src/formats/safetensors.js';
import { readDescription } from '../../src/models/checkpoints/modelFile.js';
import { authorsTensors } from '../support/cmtTensors.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { torchCheckpoint } from '../support/torchCheckpoint.js';

const folder = temporaryFolder();
const theirs = join(folder, 'theirs.safetensors');
const ours = join(folder, 'ours.safetensors');
const back = join(folder, 'back.safetensors');

/** What a command prints, with the folder's name taken out. */
async function printed(run: () => Promise<void>): Promise<{ out: string; err: string }> {
  const out = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  const err = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  await run();
  const text = (spy: typeof out) =>
    spy.mock.calls
      .map(([part]) => part)
      .join('')
      .replaceAll(`${folder}/`, '');
  const printed = { out: text(out), err: text(err) };
  vi.restoreAllMocks();
  return printed;
}

afterEach(() => {
  vi.restoreAllMocks();
});

beforeAll(() => writeSafetensors(theirs, authorsTensors()));

describe('cmtdet convert', () => {
  it("the authors' names to ours", async () => {
    expect(await printed(() => convert(theirs, ours, {}))).toMatchInlineSnapshot(`
      {
        "err": "",
        "out": "theirs.safetensors -> ours.safetensors: the authors' names to ours
        network      channels 4, 8, 16, 32; blocks 1, 2, 1, 1; 5 classes
        mapped       230 tensors, 26239 values written
        left out     23
          counter of PyTorch's BatchNorm (23): _bn.num_batches_tracked, blocks_a.0.attn.sr.1.num_batches_tracked, blocks_a.0.mlp.conv1.2.num_batches_tracked, blocks_a.0.mlp.conv2.1.num_batches_tracked, blocks_a.0.mlp.proj_bn.num_batches_tracked, and 18 more
        other shape  0
      ",
      }
    `);
    expect(readSafetensors(ours).tensors.get('backbone.stem.conv1.weight')!.shape).toEqual([3, 3, 3, 2]);
    expect(readDescription(ours)).toMatchObject({ kind: 'classifier', input: { size: 32 } });
  });

  it('ours to theirs: as it was', async () => {
    await printed(() => convert(ours, back, {}));
    const { tensors, metadata } = readSafetensors(back);
    expect(metadata).toEqual({ format: 'pt' });
    expect(tensors.get('head.weight')).toEqual(authorsTensors().get('head.weight'));
  });

  it('--json: one document with all lists', async () => {
    const { out, err } = await printed(() => convert(theirs, ours, { json: true }));
    const report = JSON.parse(out);
    expect(err).toBe('');
    expect(report).toMatchObject({ direction: 'import', otherShape: [], missing: [], network: { classes: 5 } });
    expect(report.mapped).toContainEqual({ from: '_fc.bias', to: 'expand.bias', shape: [6] });
    expect(report.leftOut).toContainEqual({
      name: '_bn.num_batches_tracked',
      reason: "counter of PyTorch's BatchNorm",
    });
  });

  it('warns of other shapes and of what is missing, five names of each; such a file has no description', async () => {
    const faulty = authorsTensors();
    for (const [name, array] of faulty)
      if (/blocks_b\.1.*bias$/.test(name)) faulty.set(name, { dtype: 'F32', shape: [0], data: new Float32Array() });
      else if (/^blocks_b\.1\.attn\..\.weight/.test(name) && array.dtype === 'F32') faulty.delete(name);
    const path = join(folder, 'faulty.safetensors');
    await writeSafetensors(path, faulty);
    const { err } = await printed(() => convert(path, ours, {}));
    expect(err).toMatchInlineSnapshot(`
      "warning: 15 of another shape, left out: blocks_b.1.proj.bias [0] for [8], blocks_b.1.norm1.bias [0] for [8], blocks_b.1.attn.q.bias [0] for [8], blocks_b.1.attn.k.bias [0] for [8], blocks_b.1.attn.v.bias [0] for [8], and 10 more
      warning: 3 missing in faulty.safetensors: blocks_b.1.attn.q.weight, blocks_b.1.attn.k.weight, blocks_b.1.attn.v.weight
      "
    `);
    expect(readSafetensors(ours).metadata).toEqual({});
  });

  it('of several state dicts it is said which was taken and which --key takes; values that are not finite are counted', async () => {
    const path = join(folder, 'several.pth');
    const spoilt = new Map(authorsTensors());
    spoilt.set('_fc.bias', { dtype: 'F32', shape: [6], data: new Float32Array(6).fill(Number.NaN) });
    writeFileSync(path, torchCheckpoint({ model_ema: authorsTensors(), model: spoilt }));
    const { err } = await printed(() => convert(path, ours, {}));
    expect(err).toMatchInlineSnapshot(`
      "several.pth: the weights under "model"; the file also has "model_ema", which "cmtdet convert --key" takes
      warning: 1 tensors are not finite, and no command will take them: expand.bias (6 of 6 values are NaN or infinite)
      "
    `);
    const ema = await printed(() => convert(path, ours, { key: 'model_ema' }));
    expect(ema.err).toContain('the weights under "model_ema"; the file also has "model"');
    const json = await printed(() => convert(path, ours, { json: true }));
    const notFinite = [{ at: 'expand.bias', message: '6 of 6 values are NaN or infinite' }];
    expect(JSON.parse(json.out)).toMatchObject({ key: 'model', otherKeys: ['model_ema'], notFinite });
  });

  it.each([
    ['an output that is no .safetensors', theirs, join(folder, 'x.pth'), 'convert writes .safetensors files'],
    ['the input as the output', theirs, theirs, 'is read by this command too'],
  ])('wrong usage: %s', async (_, input, output, message) => {
    await expect(convert(input, output, {})).rejects.toThrow(UsageError);
    await expect(convert(input, output, {})).rejects.toThrow(message);
  });

  it('an input that is not there: nothing is written', async () => {
    const output = join(folder, 'none.safetensors');
    await expect(convert(join(folder, 'none.pth'), output, {})).rejects.toThrow('path: no such file');
    expect(existsSync(output)).toBe(false);
  });
});
