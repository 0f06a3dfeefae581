import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkClassificationDataset } from '../../../src/data/classification/check.js';
import type { ClassificationDataset } from '../../../src/data/classification/dataset.js';
import { EvaluationLoader } from '../../../src/data/classification/evaluationLoader.js';
import { ClassificationLoader, type ClassificationLoaderOptions } from '../../../src/data/classification/loader.js';
import { openClassificationDataset } from '../../../src/data/classification/openDataset.js';
import { partsOf } from '../../../src/data/loading/shard.js';
import { digest, noiseImage } from '../../support/images.js';
import { plainImage, savePicture } from '../../support/pictureFolder.js';
import { saveTar } from '../../support/tarFile.js';
import { temporaryFolder } from '../../support/temporaryFolder.js';

const root = temporaryFolder();
const temporary = temporaryFolder();
const loaders: { close(): Promise<void> }[] = [];
let dataset: ClassificationDataset;

/** Classes a (7 pictures of noise) and b (6 of them, colours 10, 20, ... 60). */
beforeAll(async () => {
  for (const name of ['a', 'b']) mkdirSync(join(root, name));
  for (let i = 0; i < 7; i++) await savePicture(join(root, 'a', `${i}.png`), noiseImage(30 + i, 24));
  for (let i = 1; i <= 6; i++)
    await savePicture(join(root, 'b', `${i}.png`), plainImage(20, 20, [10 * i, 10 * i, 10 * i]));
  dataset = await openClassificationDataset(root);
});
afterAll(() => Promise.all(loaders.map((loader) => loader.close())));

const recipe: Omit<ClassificationLoaderOptions, 'dataset'> = {
  batchSize: 4,
  workers: 0,
  seed: 5,
  smoothing: 0.1,
  mix: { mixupAlpha: 0.8, cutmixAlpha: 1, probability: 1, switchProbability: 0.5, groups: 1 },
  transform: {
    size: 16,
    interpolation: 'bicubic',
    crop: { scale: [0.08, 1], ratio: [3 / 4, 4 / 3] },
    flip: 0.5,
    randAugment: { magnitude: 9, magnitudeDeviation: 0.5, operations: 2, increasing: true },
    colorJitter: 0,
    erasing: { probability: 0.5, area: [0.02, 1 / 3], ratio: [0.3, 1 / 0.3] },
  },
};

function open(options: Partial<ClassificationLoaderOptions> = {}): ClassificationLoader {
  const loader = new ClassificationLoader({ dataset, ...recipe, ...options });
  loaders.push(loader);
  return loader;
}

/** Everything in the batches of an epoch, as text. */
async function contents(loader: ClassificationLoader, epoch: number, skipBatches = 0): Promise<string[]> {
  const found: string[] = [];
  for await (const { images, targets, labels, files, erase, blend, cut } of loader.epoch(epoch, { skipBatches })) {
    found.push(
      JSON.stringify([digest({ data: images }), files, ...[targets, labels, erase, blend, cut].map((a) => [...a])]),
    );
  }
  return found;
}

describe('ClassificationLoader', () => {
  it('13 pictures in batches of 4: three, each a function of seed, epoch and position', async () => {
    const loader = open();
    expect(loader.batchesPerEpoch).toBe(3);
    const first = await contents(loader, 0);
    expect(first).toHaveLength(3);
    expect(await contents(loader, 0)).toEqual(first);
    expect(await contents(loader, 1)).not.toEqual(first);
    expect(await contents(open({ seed: 6 }), 0)).not.toEqual(first);
  });

  it('worker threads and prefetching change no byte', async () => {
    const expected = await contents(open(), 2);
    expect(await contents(open({ workers: 2, prefetch: 3 }), 2)).toEqual(expected);
  });

  it.each([0, 1])('caches change no byte, in folders and in a tar file, %i workers', async (workers) => {
    const archive = join(temporary, 'cached.tar');
    await saveTar(
      archive,
      Object.fromEntries(dataset.pictures.map(({ file }) => [file, readFileSync(join(root, file))])),
    );
    const epochs = [0, 1, 2];
    const expected = await Promise.all(epochs.map((epoch) => contents(open(), epoch)));
    for (const each of [dataset, await openClassificationDataset(archive)])
      for (const cache of [
        { kind: 'memory', maxBytes: 1e9 } as const,
        { kind: 'memory', maxBytes: 5000 } as const, // two or three pictures
        { kind: 'disk', maxBytes: 1e9, folder: join(temporary, 'pictures') } as const,
      ]) {
        const loader = open({ dataset: each, cache, workers });
        for (const epoch of epochs) expect(await contents(loader, epoch)).toEqual(expected[epoch]);
      }
    expect(readdirSync(join(temporary, 'pictures')).length).toBeGreaterThan(5);
  });

  it('a picture in the memory cache outlives its file', async () => {
    const folder = join(temporary, 'outlives');
    mkdirSync(join(folder, 'a'), { recursive: true });
    for (let i = 0; i < 4; i++) await savePicture(join(folder, 'a', `${i}.png`), noiseImage(20, 20 + i));
    const few = await openClassificationDataset(folder);
    const expected = await contents(open({ dataset: few }), 1);
    const loader = open({ dataset: few, cache: { kind: 'memory', maxBytes: 1e9 } });
    await contents(loader, 0);
    rmSync(folder, { recursive: true });
    expect(await contents(loader, 1)).toEqual(expected);
  });

  it('a resumed epoch goes on with the same batches', async () => {
    const loader = open();
    expect(await contents(loader, 3, 2)).toEqual((await contents(loader, 3)).slice(2));
  });

  it('shapes, and targets that sum to 1', async () => {
    for await (const batch of open().epoch(0)) {
      expect(batch).toMatchObject({ batchSize: 4, size: 16, distinct: 4 });
      const lengths = [batch.images, batch.targets, batch.labels, batch.erase, batch.blend, batch.cut].map(
        ({ length }) => length,
      );
      expect(lengths).toEqual([4 * 16 * 16 * 3, 4 * 2, 4, 4 * 4, 4, 4 * 4]);
      for (let i = 0; i < 4; i++) expect(batch.targets[2 * i]! + batch.targets[2 * i + 1]!).toBeCloseTo(1, 6);
      expect(batch.files.map((file) => (file.startsWith('a/') ? 0 : 1))).toEqual([...batch.labels]);
    }
  });

  describe('an update of 4 views, dealt', () => {
    /** What each place of a global batch is fed as, in the order of the plan, however it is dealt. */
    const updates = async (processes: readonly Partial<ClassificationLoaderOptions>[], groups = 1) => {
      const found: string[][] = [];
      for (const options of processes) {
        const loader = open({ repeats: 3, mix: { ...recipe.mix, groups }, ...options });
        const parts = partsOf({ batchSize: 4, ...options });
        let at = 0;
        for await (const { images, files, batchSize, size, targets, erase, blend, cut } of loader.epoch(0)) {
          const { index, count } = parts[at % parts.length]!;
          const update = Math.floor(at++ / parts.length);
          found[update] ??= [];
          const bytes = size * size * 3;
          for (let i = 0; i < batchSize; i++) {
            const partner = (i + batchSize / 2) % batchSize;
            found[update]![i * count + index] = JSON.stringify([
              files[i],
              files[partner],
              digest({ data: images.subarray(i * bytes, (i + 1) * bytes) }),
              digest({ data: images.subarray(partner * bytes, (partner + 1) * bytes) }),
              ...targets.subarray(2 * i, 2 * i + 2),
              ...erase.subarray(4 * i, 4 * i + 4),
              blend[i],
              ...cut.subarray(4 * i, 4 * i + 4),
            ]);
          }
        }
      }
      return found;
    };
    const pair = [0, 1].map((index) => ({ batchSize: 2, shard: { index, count: 2 } }));

    it('two processes, or two accumulated parts, see what one batch would: views, partners, mix, targets', async () => {
      const alone = await updates([{ batchSize: 4 }]);
      expect(alone.map(({ length }) => length)).toEqual([4, 4, 4]);
      expect(await updates(pair)).toEqual(alone);
      expect(await updates([{ batchSize: 2, accumulate: 2 }])).toEqual(alone);
    });

    it('mixed in two groups: each part of two has a draw of its own, as each device of the authors', async () => {
      const alone = await updates([{ batchSize: 4 }], 2);
      expect(await updates(pair, 2)).toEqual(alone);
      const blends = alone.map((update) => update.map((place) => (JSON.parse(place) as unknown[]).slice(-5).join()));
      for (const [a, b, c, d] of blends) expect([a === c, b === d, a === b]).toEqual([true, true, false]);
    });

    it('a resumed epoch goes on with the second of two accumulated parts', async () => {
      const loader = open({ batchSize: 2, accumulate: 2 });
      expect(loader.batchesPerEpoch).toBe(6);
      expect(await contents(loader, 3, 3)).toEqual((await contents(loader, 3)).slice(3));
    });
  });

  it('the same pictures out of a tar file', async () => {
    const archive = join(temporary, 'all.tar');
    await saveTar(
      archive,
      Object.fromEntries(dataset.pictures.map(({ file }) => [file, readFileSync(join(root, file))])),
    );
    const inTar = await openClassificationDataset(archive);
    expect(await contents(open({ dataset: inTar, workers: 1 }), 0)).toEqual(await contents(open(), 0));
  });

  it.each<[string, Partial<ClassificationLoaderOptions>, string]>([
    [
      'a batch larger than the data set',
      { batchSize: 14 },
      'pictures: 13, fewer than the 14 of an update (train.batchSize 14)',
    ],
    [
      'an update larger than the data set',
      { accumulate: 2, shard: { index: 0, count: 2 } },
      '13, fewer than the 16 of an update (train.batchSize 4 × train.accumulate 2 × 2 processes)',
    ],
    ['an odd batch to be mixed', { batchSize: 3 }, 'the halves of a batch of 3 cannot be mixed with each other'],
    [
      'more groups to be mixed than pairs',
      { mix: { ...recipe.mix, groups: 4 } },
      'data.mixGroups: an update of 4 pictures cannot be mixed in 4 groups of pairs',
    ],
  ])('%s', (_, options, message) => {
    expect(() => open(options)).toThrow(message);
  });
});

describe('broken pictures', () => {
  let broken: ClassificationDataset;
  beforeAll(async () => {
    for (const name of ['x', 'y']) mkdirSync(join(temporary, 'broken', name), { recursive: true });
    for (let i = 1; i <= 3; i++)
      await savePicture(join(temporary, 'broken', 'x', `${i}.png`), plainImage(8, 8, [i, i, i]));
    writeFileSync(join(temporary, 'broken', 'x', '0.png'), 'no picture');
    writeFileSync(join(temporary, 'broken', 'y', 'empty.jpg'), '');
    await savePicture(join(temporary, 'broken', 'y', 'good.png'), plainImage(8, 8, [9, 9, 9]));
    broken = await openClassificationDataset(join(temporary, 'broken'));
  });

  it('stop: an ImageError that names the file', async () => {
    await expect(contents(open({ dataset: broken, batchSize: 6 }), 0)).rejects.toThrow(/^(x\/0\.png|y\/empty\.jpg): /);
  });

  it('skip: others of the batch take their places, and each is reported once', async () => {
    const told: string[] = [];
    const onSkipped = ({ file }: { file: string }) => told.push(file);
    const loader = open({ dataset: broken, batchSize: 6, onBroken: 'skip', onSkipped });
    for (const epoch of [0, 1]) {
      for await (const { files, labels } of loader.epoch(epoch)) {
        expect(files.filter((file) => /0|empty/.test(file))).toEqual([]);
        expect(files.map((file) => (file.startsWith('x') ? 0 : 1))).toEqual([...labels]);
      }
    }
    expect(told.sort()).toEqual(['x/0.png', 'y/empty.jpg']);
  });

  it('measuring leaves them out: batches of 4 count 3 and 1', async () => {
    const transform = { size: 8, interpolation: 'bicubic', cropFraction: 1 } as const;
    const loader = new EvaluationLoader({ dataset: broken, batchSize: 4, workers: 0, onBroken: 'skip', transform });
    loaders.push(loader);
    const counted: [string[], number[]][] = [];
    for await (const { images, files, distinct } of loader.batches()) {
      expect(files).toHaveLength(4);
      const firstValues = Array.from({ length: distinct }, (_, i) => images[i * 8 * 8 * 3]!);
      counted.push([files.slice(0, distinct), firstValues]);
    }
    expect(counted).toEqual([
      [
        ['x/1.png', 'x/2.png', 'x/3.png'],
        [1, 2, 3],
      ],
      [['y/good.png'], [9]],
    ]);
  });

  it('a check lists them all', async () => {
    let last = '';
    const onProgress = (done: number, total: number) => {
      last = `${done} of ${total}`;
    };
    const health = await checkClassificationDataset(broken, { onProgress });
    expect(last).toBe('6 of 6');
    expect(health).toMatchObject({
      pictures: 6,
      classes: [
        { name: 'x', pictures: 4 },
        { name: 'y', pictures: 2 },
      ],
    });
    expect(health.bad.map(({ file }) => file)).toEqual(['x/0.png', 'y/empty.jpg']);
    expect(health.bad[1]!.reason).toBe('is empty (0 bytes)');
    expect(health.smallest).toEqual({ file: 'x/1.png', width: 8, height: 8 });
  });
});

describe('EvaluationLoader', () => {
  const transform = { size: 16, interpolation: 'bicubic', cropFraction: 0.875 } as const;
  const evaluate = async (options: object = {}) => {
    const loader = new EvaluationLoader({ dataset, batchSize: 5, workers: 0, transform, ...options });
    loaders.push(loader);
    const found: string[][] = [];
    for await (const { files, distinct } of loader.batches()) found.push(files.slice(0, distinct));
    return found;
  };

  it('every picture once, in order, the last batch filled up: 5, 5, 3 of 13', async () => {
    const batches = await evaluate();
    expect(batches.map(({ length }) => length)).toEqual([5, 5, 3]);
    expect(batches.flat()).toEqual(dataset.pictures.map(({ file }) => file));
  });

  it('three processes share them, 5, 4 and 4, in equally many batches', async () => {
    const shares = await Promise.all([0, 1, 2].map((index) => evaluate({ shard: { index, count: 3 } })));
    expect(shares.map((batches) => batches.map(({ length }) => length))).toEqual([[5], [4], [4]]);
    expect(new Set(shares.flat(2)).size).toBe(13);
    const many = await Promise.all([0, 1, 2].map((index) => evaluate({ batchSize: 2, shard: { index, count: 3 } })));
    expect(many.map((batches) => batches.map(({ length }) => length))).toEqual([
      [2, 2, 1],
      [2, 2, 0], // of the thirteenth picture none is left
      [2, 2, 0],
    ]);
    expect(new Set(many.flat(2)).size).toBe(13);
  });
});
