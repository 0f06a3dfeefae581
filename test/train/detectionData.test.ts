import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { parseConfig } from '../../src/config/load.js';
import type { DetectionConfig } from '../../src/config/schema.js';
import { inputPicture } from '../../src/data/detection/inputPicture.js';
import { imageDecoder } from '../../src/data/image/decode.js';
import { DetectorDescription, describeDetector, numberedCategories } from '../../src/models/checkpoints/description.js';
import { Detector } from '../../src/models/detector.js';
import { evaluationLoader } from '../../src/train/detectionData.js';
import { noiseImage } from '../support/images.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { tinyDetector } from '../support/tinyModels.js';

const [width, height] = [80, 64];
const file = join(temporaryFolder(), 'p3.png');
const { data } = noiseImage(width, height);
writeFileSync(
  file,
  await sharp(data, { raw: { width, height, channels: 3 } })
    .withIccProfile('p3')
    .png()
    .toBuffer(),
);
const dataset = {
  records: [{ imageId: 1, file, width, height, boxes: Float32Array.of(8, 8, 40, 40), labels: Int32Array.of(0) }],
  categories: [],
  summary: {
    images: 1,
    withBoxes: 1,
    withoutBoxes: 0,
    boxes: 1,
    dropped: { crowd: 0, degenerate: 0 },
    broken: [],
    repairs: { pictures: [], targets: [] },
  },
};
const model = 'backbone: { name: cmt, variant: cmt_ti }, neck: {}, head: { name: retinanet }';
const configOf = (data: string) =>
  parseConfig(
    `{ task: detection, model: { ${model} }, data: { train: { annotations: a, images: i }, ${data} } }`,
    'test',
  ) as DetectionConfig;

it('a measurement sees the pictures themselves, whatever a config does to them in training', async () => {
  const config = configOf(
    'shortSide: 64, longSide: 96, mosaic: 1, randomCrop: { probability: 1 }, photometric: { probability: 1 }, flip: 1',
  );
  const loader = evaluationLoader(dataset, config.data, 1, { workers: 0 });
  const { pixels } = inputPicture(await imageDecoder()(file), config.data);
  for await (const { images, boxes } of loader.epoch(0)) {
    expect(images).toEqual(pixels);
    expect([...boxes[0]!]).toEqual([8, 8, 40, 40]);
  }
  await loader.close();
});

it('data.colourProfiles goes into the checkpoint, and from there into measuring and detecting', async () => {
  const description = describeDetector(
    configOf('shortSide: 64, longSide: 96, colourProfiles: ignore'),
    numberedCategories(3),
  );
  expect(description.input).toEqual({ shortSide: 64, longSide: 96, colourProfiles: 'ignore' });
  const stored = await imageDecoder('ignore')(file);
  const loader = evaluationLoader(dataset, description.input, 1, { workers: 1 }); // in a thread
  for await (const { images } of loader.epoch(0))
    expect(images).toEqual(inputPicture(stored, description.input).pixels);
  await loader.close();

  await using tiny = tinyDetector();
  const ignoring = new Detector(tiny.model, { ...tiny.description, input: description.input });
  const options = { scoreThreshold: 0 };
  expect(await ignoring.detect(file, options)).toEqual(await ignoring.detect(stored, options));
  expect(await ignoring.detect(file, options)).not.toEqual(await tiny.detect(file, options));
  await ignoring.dispose();
});

it('a checkpoint from before the key was measured with profiles applied', () => {
  const { input, ...rest } = describeDetector(configOf('colourProfiles: ignore'), numberedCategories(1));
  const { colourProfiles: _, ...before } = input;
  expect(DetectorDescription.parse({ ...rest, input: before }).input.colourProfiles).toBe('apply');
});
