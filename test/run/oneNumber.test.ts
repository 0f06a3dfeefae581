/** What training measures, `evaluate` measures again to the last digit, whatever the batches and limits are; `detect` finds the same. */
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/load.js';
import type { DetectionConfig } from '../../src/config/schema.js';
import { writeCoco } from '../../src/data/coco/write.js';
import { type DetectorDescription, numberedCategories } from '../../src/models/checkpoints/description.js';
import { readDescription, saveModel } from '../../src/models/checkpoints/modelFile.js';
import { Detector } from '../../src/models/detector.js';
import { Random } from '../../src/random.js';
import { evaluate } from '../../src/run/evaluate.js';
import { DetectionTask } from '../../src/train/detectionTask.js';
import type { Metrics } from '../../src/train/task.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { tinyCmt, tinyDetector } from '../support/tinyModels.js';

/** Pictures that one or two shapes have to hold, and a long one that no picture to learn from is like. */
const sizes = [
  [64, 48],
  [48, 64],
  [64, 64],
  [90, 48],
  [70, 48],
  [48, 70],
  [200, 40],
] as const;

const folder = temporaryFolder();
const annotations = join(folder, 'val.json');
const learnt = join(folder, 'train.json');
const checkpoint = join(folder, 'best.safetensors');
const quiet = { onWarning() {}, onSkipped() {}, onRepair() {} };
let measured: Metrics;

beforeAll(async () => {
  const random = new Random(3);
  const images = sizes.map(([width, height], i) => ({ id: i + 1, file_name: `${i}.png`, width, height }));
  for (const { file_name, width, height } of images) {
    const noise = Uint8Array.from({ length: width * height * 3 }, () => random.int(256));
    await sharp(noise, { raw: { width, height, channels: 3 } }).toFile(join(folder, file_name));
  }
  const boxes = images.flatMap(({ id, width, height }) =>
    [0, 1, 2].map((k) => ({
      ...{ id: 10 * id + k, image_id: id, category_id: k + 1, iscrowd: 0 as const, area: 600 },
      bbox: [4 + 6 * k, 5, Math.min(30, width - 20), Math.min(24, height - 8)] as [number, number, number, number],
    })),
  );
  const categories = numberedCategories(3);
  await writeCoco(annotations, { images, annotations: boxes, categories });
  const few = images.slice(0, 6); // without the long one
  await writeCoco(learnt, { images: few, annotations: boxes.filter(({ image_id }) => image_id < 7), categories });
  const config = parseConfig(
    `{ task: detection, model: { backbone: ${tinyCmt}, neck: { channels: 32 }, head: { name: retinanet, convs: 1, norm: group } },
       inference: { scoreThreshold: 0.001 }, train: { batchSize: 3 }, engine: { fuse: none },
       data: { train: { annotations: ${learnt}, images: ${folder} }, val: { annotations: ${annotations}, images: ${folder} },
               shortSide: 64, longSide: 256, maxShapes: 2, workers: 0 } }`,
    'tiny',
  ) as DetectionConfig;
  const task = await DetectionTask.open(config, quiet);
  const loud = tinyDetector();
  const values = new Map([...loud.model.parameters()].map(([name, { value }]) => [name, value]));
  measured = await task.evaluate(values, () => {});
  await saveModel(checkpoint, task.model, task.describe({ epoch: 1, step: 1, metrics: measured }), values);
  await Promise.all([task.close(), loud.dispose()]);
});

it('there is something to compare: boxes are found, and some of them are right', () => {
  expect(Object.values(measured).some((value) => value !== null && value > 0 && value < 1)).toBe(true);
});

it('the checkpoint says which shapes it was measured with', () => {
  const { input } = readDescription(checkpoint) as DetectorDescription;
  expect(input.shapes).toHaveLength(2);
});

describe('one number', () => {
  let detector: Detector;
  beforeAll(() => {
    detector = Detector.load(checkpoint);
  });
  afterAll(() => detector.dispose());

  it.each([1, 2, 7])('evaluate with batches of %i gives what training measured', async (batchSize) => {
    const { stats } = await evaluate({ checkpoint, annotations, images: folder, batchSize });
    expect(stats).toEqual(measured);
  });

  it('detect finds in each picture what the measurement found in it, up to the rounding of another batch', async () => {
    const { detections } = await evaluate({ checkpoint, annotations, images: folder, batchSize: 2 });
    for (const [i] of sizes.entries()) {
      const scores = detections.scores.filter((_, d) => detections.imageIds[d] === i + 1).sort();
      const found = (await detector.detect(join(folder, `${i}.png`))).map(({ score }) => score).sort((a, b) => a - b);
      expect(found).toHaveLength(scores.length);
      expect(Math.max(...found.map((score, d) => Math.abs(score - scores[d]!)))).toBeLessThan(1e-4);
    }
  });
});
