import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inputPicture } from '../../../src/data/detection/inputPicture.js';
import { DetectionLoader } from '../../../src/data/detection/loader.js';
import { openDecoder } from '../../../src/data/image/decode.js';
import { noiseImage } from '../../support/images.js';
import { savePicture } from '../../support/pictureFolder.js';
import { temporaryFolder } from '../../support/temporaryFolder.js';

it.each([
  ['shrunk, landscape', 100, 80, 64],
  ['enlarged, portrait', 50, 70, 96],
  ['as it is, no padding', 64, 96, 64],
])('a picture alone is what a batch of a measurement has of it: %s', async (_, width, height, shortSide) => {
  const file = join(temporaryFolder(), 'noise.png');
  await savePicture(file, noiseImage(width, height));
  const rule = { shortSide, longSide: 2 * shortSide };
  const { pixels, shape, input } = inputPicture(await openDecoder()(file), rule);

  const record = { imageId: 1, file, width, height, boxes: new Float32Array(), labels: new Int32Array() };
  const summary = { images: 1, withBoxes: 0, withoutBoxes: 1, boxes: 0, dropped: { crowd: 0, degenerate: 0 } };
  const loader = new DetectionLoader({
    dataset: {
      records: [record],
      categories: [],
      summary: { ...summary, broken: [], repairs: { pictures: [], targets: [] } },
    },
    batchSize: 1,
    ...rule,
    shuffle: false,
    flip: 0,
    workers: 0,
  });
  for await (const batch of loader.epoch(0)) {
    expect({ height: batch.height, width: batch.width }).toEqual(shape);
    expect([...batch.inputSizes]).toEqual([input.height, input.width]);
    expect(batch.images).toEqual(pixels);
  }
  await loader.close();
});

it('[4, 2] to a short side of 32: [64, 32], black beside nothing; to 20: [40, 20] in [64, 32]', () => {
  const white = { data: new Uint8Array(4 * 2 * 3).fill(255), width: 2, height: 4 };
  const full = inputPicture(white, { shortSide: 32, longSide: 64 });
  expect([full.shape, full.input]).toEqual([
    { width: 32, height: 64 },
    { width: 32, height: 64 },
  ]);
  expect(full.pixels.every((value) => value === 255)).toBe(true);
  const padded = inputPicture(white, { shortSide: 20, longSide: 64 });
  expect([padded.shape, padded.input]).toEqual([
    { width: 32, height: 64 },
    { width: 20, height: 40 },
  ]);
  const light = (x: number, y: number) => padded.pixels[(y * 32 + x) * 3];
  expect([light(0, 0), light(19, 39), light(20, 0), light(0, 40)]).toEqual([255, 255, 0, 0]);
});
