import { readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { parseCoco } from '../../../src/data/coco/parseCoco.js';
import { openDetectionDataset } from '../../../src/data/detection/dataset.js';
import { DetectionLoader } from '../../../src/data/detection/loader.js';
import { faulty, writeFaultyPictures } from '../../support/faultyFolder.js';
import { temporaryFolder } from '../../support/temporaryFolder.js';

const folder = temporaryFolder();
const { count, cut, empty, page, deleted } = faulty;
const nameOf = (i: number) => `${String(i).padStart(3, '0')}.jpg`;
const at = (i: number) => join(folder, nameOf(i));
const coco = parseCoco({
  images: Array.from({ length: count }, (_, i) => ({ id: i, file_name: nameOf(i), width: 48, height: 32 })),
  annotations: Array.from({ length: count }, (_, i) => ({ id: i, image_id: i, category_id: 1, bbox: [4, 4, 20, 20] })),
  categories: [{ id: 1, name: 'thing' }],
});

beforeEach(async () => {
  await writeFaultyPictures(at);
});

const open = (options: { onBroken: 'stop' | 'skip' }) =>
  openDetectionDataset(coco, folder, { source: 'train.json', ...options });
const input = { batchSize: 10, shortSide: 32, longSide: 64, workers: 2, seed: 1 };

describe('a folder where one file in a hundred is broken', () => {
  it('skip: two epochs end normally, the list is exact, every good picture comes once an epoch', async () => {
    const dataset = await open({ onBroken: 'skip' });
    expect(dataset.summary.broken.map(({ at: name }) => name)).toEqual([empty, page].map(nameOf));
    const told: unknown[] = [];
    const loader = new DetectionLoader({
      dataset,
      ...input,
      onBroken: 'skip',
      onSkipped: (picture) => told.push(picture),
    });
    const seen = [new Set<unknown>(), new Set<unknown>()];
    for (const epoch of [0, 1]) {
      for await (const { records, distinct } of loader.epoch(epoch))
        for (const { imageId } of records.slice(0, distinct)) {
          expect(seen[epoch]!.has(imageId)).toBe(false);
          seen[epoch]!.add(imageId);
        }
      if (epoch === 0) unlinkSync(at(deleted));
    }
    await loader.close();
    expect(seen.map(({ size }) => size)).toEqual([count - 3, count - 4]);
    expect(told).toEqual([
      { file: at(cut), reason: expect.stringContaining('is cut off or damaged') },
      { file: at(deleted), reason: 'no such file' },
    ]);
  });

  it('stop: what can be seen beforehand ends it before the first step, all of it in one message', async () => {
    await expect(open({ onBroken: 'stop' })).rejects.toThrow(
      /2 problems\n {2}120\.jpg: is empty \(0 bytes\)\n {2}255\.jpg: is an HTML page/,
    );
  });

  it('stop: what only decoding shows ends it at that picture, with its name', async () => {
    for (const i of [empty, page]) writeFileSync(at(i), readFileSync(at(0)));
    const loader = new DetectionLoader({ dataset: await open({ onBroken: 'stop' }), ...input });
    const run = async () => {
      for await (const _ of loader.epoch(0));
    };
    await expect(run()).rejects.toThrow(`${at(cut)}: is cut off or damaged`);
    await loader.close();
  });
});
