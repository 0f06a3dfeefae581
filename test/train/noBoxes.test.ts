import { beforeAll, describe, expect, test } from 'vitest';
import { DetectorModel } from '../../src/config/modelSchema.js';
import { buildDetector } from '../../src/models/build.js';
import { useEagerBackend } from '../../src/tensorflow/backend.js';
import { Program } from '../../src/tensorflow/program.js';
import { detectionFeed } from '../../src/train/detectionBatch.js';
import { detectorStep } from '../support/detectorStep.js';

beforeAll(() => useEagerBackend());

const side = 64;
const backbone = {
  name: 'cmt',
  variant: { dims: [8, 16, 32, 64], stemChannels: 4, depths: [1, 1, 1, 1], ratio: 2 },
  biasSize: side,
  dropPath: 0,
  batchNorm: 'frozen',
};
const nothing = { boxes: new Float32Array(), labels: new Int32Array() };
const something = { boxes: Float32Array.of(8, 8, 40, 48), labels: Int32Array.of(1) };

describe.each(['retinanet', 'fcos'])('%s', (name) => {
  test.each([
    ['of two pictures without boxes', [nothing, nothing], true],
    ['of one without and one with', [nothing, something], false],
  ])('a batch %s teaches: finite losses, weights change, frozen statistics do not', async (_, pictures, isEmpty) => {
    const model = DetectorModel.parse({ backbone, neck: { channels: 32 }, head: { name, convs: 1, norm: 'group' } });
    const network = buildDetector(model, 3, { seed: 1 });
    const parameters = [...network.parameters()];
    const before = new Map(parameters.map(([path, { value }]) => [path, value.slice()]));
    const program = new Program({ fuse: false, optimize: false });
    const step = detectorStep(program, network);
    const images = Uint8Array.from({ length: 2 * side * side * 3 }, (_, i) => (i * 7) % 251);
    const batch = {
      images,
      batchSize: 2,
      height: side,
      width: side,
      inputSizes: new Int32Array(4).fill(side),
      boxes: pictures.map(({ boxes }) => boxes),
      labels: pictures.map(({ labels }) => labels),
    };
    const { parts, finite } = await step.run(detectionFeed(batch, network.head), { learningRate: 1e-3, t: 1, draw: 1 });
    expect(finite).toBe(true);
    const { classification, ...others } = parts as Record<string, number>;
    expect(classification).toBeGreaterThan(0);
    for (const value of Object.values(others)) expect(value === 0).toBe(isEmpty);
    await program.pull(parameters.map(([, parameter]) => parameter));
    await program.dispose();
    const changed = new Map(
      parameters.map(([path, { value }]) => [path, value.some((one, i) => one !== before.get(path)![i])]),
    );
    expect(changed.get('head.classify.weight')).toBe(true);
    const statistics = [...changed].filter(([path]) => /^backbone.*(mean|variance)$/i.test(path));
    expect(statistics.length).toBeGreaterThan(10);
    expect(statistics.filter(([, isChanged]) => isChanged)).toEqual([]);
  });
});
