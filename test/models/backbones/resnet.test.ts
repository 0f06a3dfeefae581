import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import type { NamedArray } from '../../../src/formats/namedArray.js';
import { buildClassifier } from '../../../src/models/build.js';
import { convertCheckpoint, underOurNames } from '../../../src/models/checkpoints/convertCheckpoint.js';
import { loadWeights } from '../../../src/models/checkpoints/modelFile.js';
import { Classifier } from '../../../src/models/classifier.js';
import { countParameters } from '../../../src/nn/module.js';
import { useEagerBackend } from '../../../src/tensorflow/backend.js';

beforeAll(() => useEagerBackend());

interface Golden {
  readonly maps: readonly { readonly shape: number[]; readonly norm: number; readonly first: number[] }[];
  readonly logits: readonly (readonly number[])[];
}

// torchvision's ResNet with weights and pictures by a formula: tools/golden/resnet.py
const golden: Record<'resnet18' | 'resnet50', Golden> = JSON.parse(
  readFileSync(new URL('./resnet.golden.json', import.meta.url), 'utf8'),
);

/** `count` numbers from -0.5 to 0.5, as in that script. */
const numbers = (count: number, seed: number): Float64Array =>
  Float64Array.from({ length: count }, (_, i) => ((i * 2654435761 + seed * 40503) % 2 ** 32) / 2 ** 32 - 0.5);

/** The state dict that the script fills. */
function torchvisionTensors(depth: 18 | 50): Map<string, NamedArray> {
  const network = buildClassifier({ backbone: { name: 'resnet', depth }, head: null }, 10);
  const ours = new Map<string, NamedArray>(
    [...network.parameters()].map(([name, { shape }]) => [
      name,
      { dtype: 'F32', shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) },
    ]),
  );
  // Names and shapes alone come from our own export; PyTorch's order is that of its modules.
  const exported = convertCheckpoint('test', ours).tensors;
  const rank = (name: string) =>
    name.startsWith('conv1') ? 0 : name.startsWith('bn1') ? 1 : name.startsWith('fc') ? 9 : 2;
  const part = (name: string) =>
    name.replace('downsample', 'x').replace(/(conv|bn)(\d)/, (_, kind, n) => `${n}${kind === 'conv' ? 'a' : 'b'}`);
  const field = (name: string) => ['weight', 'bias', 'running_mean', 'running_var'].indexOf(name.split('.').at(-1)!);
  const blocks = (name: string) => /^layer(\d)\.(\d+)/.exec(name)?.slice(1).map(Number) ?? [0, 0];
  const names = [...exported.keys()].filter((name) => !name.endsWith('num_batches_tracked'));
  names.sort((a, b) => {
    const [[aLayer, aBlock], [bLayer, bBlock]] = [blocks(a), blocks(b)];
    const module = (name: string) => part(name).split('.').slice(0, -1).join('.');
    return (
      rank(a) - rank(b) ||
      aLayer! - bLayer! ||
      aBlock! - bBlock! ||
      (module(a) < module(b) ? -1 : module(a) > module(b) ? 1 : field(a) - field(b))
    );
  });
  return new Map(
    names.map((name, i) => {
      const { shape } = exported.get(name)!;
      const u = numbers(
        shape.reduce((a, b) => a * b, 1),
        i + 1,
      );
      const spread = 2 * Math.sqrt(3 / (u.length / shape[0]!));
      const value =
        shape.length > 1
          ? (x: number) => x * spread
          : /(running_var|weight)$/.test(name)
            ? (x: number) => 1 + x / 2
            : (x: number) => x / 5;
      return [name, { dtype: 'F32', shape, data: Float32Array.from(u, value) }];
    }),
  );
}

const relative = (found: number, wanted: number) => Math.abs(found - wanted) / Math.max(Math.abs(wanted), 1e-3);

describe.each([18, 50] as const)('ResNet-%i', (depth) => {
  const { maps, logits } = golden[`resnet${depth}`];
  let classifier: Classifier;

  beforeAll(() => {
    const { tensors, described } = underOurNames('test', torchvisionTensors(depth));
    const { model, classes } = described.description!;
    expect(model.backbone).toEqual({ name: 'resnet', depth });
    const network = buildClassifier(model, classes.length);
    loadWeights(network, tensors, 'test');
    classifier = new Classifier(network);
  });

  test('maps and logits are those of torchvision, within 1e-4', async () => {
    const shape = [2, 64, 96, 3];
    const images = Float32Array.from(numbers(2 * 64 * 96 * 3, 1000), (x) => x * 4);
    const features = await classifier.features(images, shape);
    for (const [i, { data, shape }] of features.entries()) {
      expect(shape).toEqual(maps[i]!.shape);
      expect(relative(Math.sqrt(data.reduce((sum, x) => sum + x * x, 0)), maps[i]!.norm)).toBeLessThan(1e-4);
      const scale = maps[i]!.norm / Math.sqrt(data.length);
      for (const [k, wanted] of maps[i]!.first.entries())
        expect(Math.abs(data[k]! - wanted) / scale).toBeLessThan(1e-4);
    }
    const { data } = await classifier.logits(images, shape);
    const wanted = logits.flat();
    const largest = Math.max(...wanted.map(Math.abs));
    for (const [k, logit] of wanted.entries()) expect(Math.abs(data[k]! - logit) / largest).toBeLessThan(1e-4);
    await classifier.dispose();
  });
});

test('parameters and multiply-accumulates of the published networks', () => {
  const counts = ([18, 34, 50, 101] as const).map((depth) => {
    const network = buildClassifier({ backbone: { name: 'resnet', depth }, head: null }, 1000);
    return [countParameters(network).trained, Math.round(network.macs({ height: 224, width: 224 }) / 1e6)];
  });
  // torchvision.models.resnet*(): parameters; torchvision's _ops in GFLOPS: 1.814, 3.664, 4.089, 7.801
  expect(counts).toEqual([
    [11_689_512, 1814],
    [21_797_672, 3664],
    [25_557_032, 4089],
    [44_549_160, 7801],
  ]);
});
