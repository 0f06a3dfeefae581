import { mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { ClassificationLoader } from '../../../src/data/classification/loader.js';
import { openClassificationDataset } from '../../../src/data/classification/openDataset.js';
import { readablePart } from '../../../src/data/classification/readable.js';
import type { BrokenPicture } from '../../../src/data/image/brokenPicture.js';
import { faulty, writeFaultyPictures } from '../../support/faultyFolder.js';
import { saveTar } from '../../support/tarFile.js';
import { temporaryFolder } from '../../support/temporaryFolder.js';

const { count, cut, empty, page, deleted } = faulty;
const nameOf = (i: number) => `${i % 2 === 0 ? 'a' : 'b'}/${String(i).padStart(3, '0')}.jpg`;

let folder: string;
const at = (i: number) => join(folder, nameOf(i));
beforeEach(async () => {
  folder = temporaryFolder();
  for (const name of ['a', 'b']) mkdirSync(join(folder, name));
  await writeFaultyPictures(at);
});

const loaderOf = (
  dataset: Awaited<ReturnType<typeof openClassificationDataset>>,
  onSkipped: (p: BrokenPicture) => void,
) =>
  new ClassificationLoader({
    dataset,
    batchSize: 11,
    workers: 2,
    seed: 1,
    smoothing: 0,
    mix: { mixupAlpha: 0, cutmixAlpha: 0, probability: 0, switchProbability: 0, groups: 1 },
    transform: {
      size: 16,
      interpolation: 'bilinear',
      crop: { scale: [0.08, 1], ratio: [3 / 4, 4 / 3] },
      flip: 0.5,
      randAugment: null,
      colorJitter: 0,
      erasing: { probability: 0, area: [0.02, 1 / 3], ratio: [0.3, 1 / 0.3] },
    },
    onBroken: 'skip',
    onSkipped,
  });

describe('class folders where one file in a hundred is broken', () => {
  it('skip: two epochs end normally, the list is exact, every good picture comes once an epoch', async () => {
    const skipped: BrokenPicture[] = [];
    const onSkipped = (picture: BrokenPicture) => skipped.push(picture);
    const dataset = await readablePart(await openClassificationDataset(folder), { onBroken: 'skip', onSkipped });
    expect(skipped.map(({ file }) => file)).toEqual([empty, page].map(nameOf));
    expect(dataset.pictures).toHaveLength(count - 2); // 27 batches of 11 and one left over
    const loader = loaderOf(dataset, onSkipped);
    for (const epoch of [0, 1]) {
      const seen: string[] = [];
      for await (const { files, distinct } of loader.epoch(epoch)) seen.push(...files.slice(0, distinct));
      expect(new Set(seen).size).toBe(seen.length);
      expect(seen.length).toBeGreaterThanOrEqual(27 * 11 - 1 - epoch);
      if (epoch === 0) unlinkSync(at(deleted));
    }
    await loader.close();
    expect(skipped).toEqual([
      { file: nameOf(empty), reason: 'is empty (0 bytes)' },
      { file: nameOf(page), reason: expect.stringContaining('is an HTML page') },
      { file: nameOf(cut), reason: expect.stringContaining('is cut off or damaged') },
      { file: nameOf(deleted), reason: 'no such file' },
    ]);
  });

  it('stop: what headers show ends it before the first step, all of it in one message', async () => {
    const dataset = await openClassificationDataset(folder);
    await expect(readablePart(dataset, { onBroken: 'stop', onSkipped: () => {} })).rejects.toThrow(
      /2 problems\n {2}a\/120\.jpg: is empty \(0 bytes\)\n {2}b\/255\.jpg: is an HTML page/,
    );
  });

  it('the same in a tar file', async () => {
    const archive = join(folder, 'all.tar');
    const numbers = [0, 2, empty, 1, page];
    await saveTar(archive, Object.fromEntries(numbers.map((i) => [nameOf(i), readFileSync(at(i))])));
    const skipped: string[] = [];
    const dataset = await readablePart(await openClassificationDataset(archive), {
      onBroken: 'skip',
      onSkipped: ({ file }) => skipped.push(file),
    });
    expect(skipped).toEqual([empty, page].map(nameOf));
    expect(dataset.pictures.map(({ file }) => file)).toEqual([0, 2, 1].map(nameOf));
  });

  it('nothing good at all: an error, also where broken pictures are skipped', async () => {
    for (let i = 0; i < count; i++) writeFileSync(at(i), '');
    const dataset = await openClassificationDataset(folder);
    await expect(readablePart(dataset, { onBroken: 'skip', onSkipped: () => {} })).rejects.toThrow('300 problems');
  });
});
