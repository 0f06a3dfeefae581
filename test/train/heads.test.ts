import { beforeAll, describe, expect, test } from 'vitest';
import { DetectorModel } from '../../src/config/modelSchema.js';
import { DetectionInference } from '../../src/config/schema.js';
import { iou } from '../../src/geometry/boxes.js';
import { buildDetector } from '../../src/models/build.js';
import { numberedCategories } from '../../src/models/checkpoints/description.js';
import { Detector } from '../../src/models/detector.js';
import { useEagerBackend } from '../../src/tensorflow/backend.js';
import { Program } from '../../src/tensorflow/program.js';
import { detectionFeed } from '../../src/train/detectionBatch.js';
import { detectorStep } from '../support/detectorStep.js';

beforeAll(() => useEagerBackend());

const side = 96;
const boxes = Float32Array.of(12, 20, 44, 60, 50, 8, 90, 40);
const labels = Int32Array.of(1, 0);

/** One picture with two rectangles on grey: bright red of class 1, dark blue of class 0. */
function batch() {
  const images = new Uint8Array(side * side * 3).fill(120);
  for (const [b, colour] of [[230, 40, 30] as const, [20, 30, 110] as const].entries()) {
    const [x1, y1, x2, y2] = boxes.subarray(4 * b, 4 * b + 4) as unknown as [number, number, number, number];
    for (let y = y1; y < y2; y++) for (let x = x1; x < x2; x++) images.set(colour, 3 * (y * side + x));
  }
  return {
    images,
    batchSize: 1,
    height: side,
    width: side,
    inputSizes: Int32Array.of(side, side),
    boxes: [boxes],
    labels: [labels],
  };
}

const cmt = {
  name: 'cmt',
  variant: { dims: [16, 32, 64, 128], stemChannels: 8, depths: [1, 1, 1, 1], ratio: 2 },
  biasSize: 96,
  dropPath: 0,
};
const neck = { channels: 32, levels: ['P3', 'P4', 'P5'] };
const common = { convs: 1, norm: 'group' };

describe.each([
  ['CMT, RetinaNet', { backbone: cmt, neck, head: { ...common, name: 'retinanet' } }],
  [
    'CMT, RetinaNet, ATSS and GIoU',
    {
      backbone: cmt,
      neck,
      head: {
        ...common,
        name: 'retinanet',
        assigner: 'atss',
        anchors: { baseScale: 4, scalesPerOctave: 1, aspectRatios: [1] },
        loss: { box: 'giou' },
      },
    },
  ],
  [
    'CMT, RetinaNet, smooth L1',
    { backbone: cmt, neck, head: { ...common, name: 'retinanet', loss: { box: 'smoothL1' } } },
  ],
  ['CMT, FCOS', { backbone: cmt, neck, head: { ...common, name: 'fcos' } }],
  ['ResNet-18, FCOS', { backbone: { name: 'resnet', depth: 18 }, neck, head: { ...common, name: 'fcos' } }],
  ['ResNet-18, RetinaNet', { backbone: { name: 'resnet', depth: 18 }, neck, head: { ...common, name: 'retinanet' } }],
])('%s', (_, config) => {
  test('learns a picture by heart, and finds its boxes', async () => {
    const model = DetectorModel.parse(config);
    const network = buildDetector(model, 2, { seed: 4 });
    const parameters = [...network.parameters()];
    const program = new Program();
    const step = detectorStep(program, network);
    const feed = detectionFeed(batch(), network.head);
    for (let t = 1; t <= 60; t++) {
      const { finite } = await step.run(feed, { learningRate: 2e-3, t, draw: t });
      expect(finite).toBe(true);
    }
    await program.pull(parameters.map(([, parameter]) => parameter));
    await program.dispose();

    const detector = new Detector(network, {
      format: 2,
      kind: 'detector',
      epoch: 0,
      step: 60,
      metrics: {},
      model,
      categories: numberedCategories(2),
      input: { shortSide: side, longSide: side, colourProfiles: 'apply' },
      inference: DetectionInference.parse({}),
    });
    // Statistics of one picture's batches come slowly; what was learnt shows with those of the last steps.
    const [found] = await detector.detectBatch(batch(), [{ height: side, width: side }], { scoreThreshold: 0.05 });
    await detector.dispose();
    for (const [g, label] of labels.entries()) {
      const best = found!.labels.indexOf(label);
      expect(best).toBeGreaterThanOrEqual(0);
      expect(iou(found!.boxes, best, boxes, g)).toBeGreaterThan(0.5);
    }
  });
});
