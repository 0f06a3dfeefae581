import { expect, test, vi } from 'vitest';
import { placePart } from '../../../src/data/detection/inputPicture.js';
import { detectionHandler } from '../../../src/data/detection/loadPicture.js';
import { drawPhotometric, mapColours } from '../../../src/data/detection/photometric.js';
import { drawCrop } from '../../../src/data/detection/randomCrop.js';
import type * as reading from '../../../src/data/loading/pictureReader.js';
import { inputSize } from '../../../src/geometry/size.js';
import { Random } from '../../../src/random.js';
import { noiseImage } from '../../support/images.js';

const { read } = vi.hoisted(() => ({ read: vi.fn<reading.ReadPicture>() }));

vi.mock('../../../src/data/loading/pictureReader.js', async (original) => ({
  ...(await original<typeof reading>()),
  pictureReader: () => ({ read, readPart: read, keepsWhole: true }),
}));

const photometric = { probability: 1, brightness: 32, contrast: 0.5, saturation: 0.5, hue: 18 };
const crops = { probability: 1, minScale: 0.3, minIou: [0.1] };

test.each([
  ['a crop', crops],
  ['the whole picture', { ...crops, probability: 0 }],
])('%s with other colours: the bits of the part of the whole picture with other colours', async (_, randomCrop) => {
  const image = noiseImage(90, 70);
  read.mockResolvedValue(image);
  const source = { file: 'a.jpg', name: 'a.jpg', boxes: Float32Array.of(30, 20, 60, 50), labels: Int32Array.of(0) };
  const rule = { shortSide: 32, longSide: 64 };
  const shape = { width: 64, height: 64 };
  const augment = { flip: 0, randomCrop, photometric };
  const handle = detectionHandler({ reader: { decoder: '', colourProfiles: 'apply' }, task: augment });
  for (const seed of [1, 2, 3, 4]) {
    const batch = new SharedArrayBuffer(shape.width * shape.height * 3);
    await handle({ sources: [source], how: { rule, shape, seed }, batch, place: 0 });
    const random = new Random(seed);
    const mirror = random.bool(0);
    const part = drawCrop(image, source.boxes, randomCrop, random);
    const matrix = drawPhotometric(photometric, random)!;
    const wanted = new Uint8Array(batch.byteLength);
    const move = { part, target: { left: 0, top: 0, ...inputSize(part, rule) }, mirror };
    placePart(mapColours(image, matrix), move, shape, wanted);
    expect(new Uint8Array(batch)).toEqual(wanted);
  }
});
