/** Test-time flips and scales, on noise and drawn weights. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import type { DetectionColumns } from '../../src/data/coco/detectionColumns.js';
import { writeCoco } from '../../src/data/coco/write.js';
import { numberedCategories } from '../../src/models/checkpoints/description.js';
import { saveModel } from '../../src/models/checkpoints/modelFile.js';
import { Random } from '../../src/random.js';
import { evaluate } from '../../src/run/evaluate.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { tinyDetector } from '../support/tinyModels.js';

const folder = temporaryFolder();
const checkpoint = join(folder, 'drawn.safetensors');
const annotations = join(folder, 'truth.json');
/** What the detector takes pictures to: nothing is resized, so that a mirrored picture has the same pixels. */
const [width, height] = [128, 96];

beforeAll(async () => {
  const detector = tinyDetector();
  const weights = new Map([...detector.model.parameters()].map(([name, { value }]) => [name, value]));
  await saveModel(checkpoint, detector.model, detector.description, weights);
  await detector.dispose();
  const images = [1, 2].map((id) => ({ id, file_name: `${id}.png`, width, height }));
  const random = new Random(5);
  for (const side of ['left', 'right']) mkdirSync(join(folder, side));
  for (const { file_name } of images) {
    const noise = Uint8Array.from({ length: width * height * 3 }, () => random.int(256));
    const picture = sharp(noise, { raw: { width, height, channels: 3 } });
    await picture.clone().toFile(join(folder, 'left', file_name));
    await picture
      .clone()
      .flop()
      .toFile(join(folder, 'right', file_name));
  }
  const annotation = { id: 1, image_id: 1, category_id: 1, iscrowd: 0 as const, area: 400 };
  await writeCoco(annotations, {
    images,
    annotations: [{ ...annotation, bbox: [10, 10, 20, 20] }],
    categories: numberedCategories(3),
  });
});

const detectionsIn = async (side: 'left' | 'right', views: { flip?: boolean; scales?: number[] }) =>
  (await evaluate({ checkpoint, annotations, images: join(folder, side), batchSize: 2, ...views })).detections;

/** [picture, category, score, left, top, width, height] of each. */
function rowsOf({ length, scores, imageIds, categoryIds, boxesXywh }: DetectionColumns, mirror: boolean): number[][] {
  return Array.from({ length }, (_, d) => {
    const [x, y, w, h] = boxesXywh.subarray(4 * d, 4 * d + 4) as unknown as [number, number, number, number];
    return [Number(imageIds[d]), Number(categoryIds[d]), scores[d]!, mirror ? width - x - w : x, y, w, h];
  });
}

/** Those that have no equal among `others`: score to 1e-4, box to a fiftieth of a pixel, in whatever order. */
const withoutEqual = (rows: readonly number[][], others: readonly number[][]) =>
  rows.filter(
    (row) => !others.some((other) => row.every((value, i) => Math.abs(value - other[i]!) < (i < 3 ? 1e-4 : 0.02))),
  );

describe('evaluate with views', () => {
  it('--flip: a mirrored picture gives the mirrored boxes, which it does not without', async () => {
    const [left, right] = [await detectionsIn('left', { flip: true }), await detectionsIn('right', { flip: true })];
    expect(left.length).toBeGreaterThan(10);
    expect(right.length).toBe(left.length);
    expect(withoutEqual(rowsOf(right, true), rowsOf(left, false))).toEqual([]);
    expect(withoutEqual(rowsOf(left, false), rowsOf(right, true))).toEqual([]);
    const [one, other] = [await detectionsIn('left', {}), await detectionsIn('right', {})];
    expect(withoutEqual(rowsOf(other, true), rowsOf(one, false))).not.toEqual([]);
  });

  it('--scales: the best of each picture is the best of any size', async () => {
    const best = ({ scores, imageIds, length }: DetectionColumns) =>
      [1, 2].map((id) =>
        Math.max(...Array.from({ length }, (_, d) => d).flatMap((d) => (imageIds[d] === id ? [scores[d]!] : []))),
      );
    const [usual, large] = [await detectionsIn('left', {}), await detectionsIn('left', { scales: [1.5] })];
    expect(best(large)).not.toEqual(best(usual));
    const both = await detectionsIn('left', { scales: [1, 1.5] });
    expect(best(both)).toEqual(best(usual).map((score, i) => Math.max(score, best(large)[i]!)));
  });
});
