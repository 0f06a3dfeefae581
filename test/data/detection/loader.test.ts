import { readdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { DetectionDataset, DetectionRecord } from '../../../src/data/detection/dataset.js';
import { DetectionLoader } from '../../../src/data/detection/loader.js';
import type { DetectionLoaderOptions } from '../../../src/data/detection/loaderOptions.js';
import type { RgbImage } from '../../../src/data/image/image.js';
import { partsOf } from '../../../src/data/loading/shard.js';
import type { Random } from '../../../src/random.js';
import { digest, noiseImage } from '../../support/images.js';
import { plainImage, savePicture } from '../../support/pictureFolder.js';
import { temporaryFolder } from '../../support/temporaryFolder.js';

const folder = temporaryFolder();
const emptySummary = {
  images: 0,
  withBoxes: 0,
  withoutBoxes: 0,
  boxes: 0,
  dropped: { crowd: 0, degenerate: 0 },
  broken: [],
  repairs: { pictures: [], targets: [] },
};

/** One box a picture, from (10, 20) to (30, 40). */
function dataset(files: readonly [file: string, width: number, height: number][]): DetectionDataset {
  const records = files.map(
    ([file, width, height], i): DetectionRecord => ({
      imageId: i + 1,
      file: join(folder, file),
      width,
      height,
      boxes: Float32Array.of(10, 20, 30, 40),
      labels: Int32Array.of(i),
    }),
  );
  return { records, categories: [{ id: 1, name: 'thing' }], summary: emptySummary };
}

const files: [string, number, number][] = [];
beforeAll(async () => {
  for (let i = 0; i < 7; i++) {
    const [width, height] = i % 2 === 0 ? [100, 80] : [80, 100];
    files.push([`noise${i}.png`, width, height]);
    await savePicture(join(folder, `noise${i}.png`), shifted(noiseImage(width, height), i));
  }
  await savePicture(join(folder, 'left.png'), {
    ...plainImage(64, 64, [0, 0, 0]),
    data: Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => (i % (64 * 3) < 32 * 3 ? 200 : 0)),
  });
  writeFileSync(join(folder, 'html.jpg'), '<!doctype html><title>404</title>');
});

/** Another picture of the same size. */
const shifted = ({ data, ...size }: RgbImage, by: number): RgbImage => ({
  ...size,
  data: data.map((value) => value + by),
});

const small = { batchSize: 2, shortSide: 64, longSide: 128 };

/** What an epoch gives, in a form that compares. */
async function epochOf(options: DetectionLoaderOptions, epoch: number, skipBatches = 0) {
  const loader = new DetectionLoader(options);
  const batches: { digest: string; ids: unknown[]; boxes: number[][]; shape: number[]; distinct: number }[] = [];
  try {
    for await (const { images, records, boxes, height, width, distinct } of loader.epoch(epoch, { skipBatches }))
      batches.push({
        digest: digest({ data: images }),
        ids: records.map(({ imageId }) => imageId),
        boxes: boxes.map((box) => [...box]),
        shape: [height, width],
        distinct,
      });
  } finally {
    await loader.close();
  }
  return batches;
}

describe('DetectionLoader', () => {
  it('the same bytes from 0, 1 and 3 workers', async () => {
    const options = { dataset: dataset(files), ...small, seed: 5 };
    const inline = await epochOf({ ...options, workers: 0 }, 2);
    expect(inline).toHaveLength(4); // 4 landscape -> 2 batches, 3 portrait -> 2
    expect(await epochOf({ ...options, workers: 1 }, 2)).toEqual(inline);
    expect(await epochOf({ ...options, workers: 3, prefetch: 5 }, 2)).toEqual(inline);
  });

  it('epochs differ, seeds differ, and a resumed epoch is the rest of the whole one', async () => {
    const options = { dataset: dataset(files), ...small, workers: 0 };
    const whole = await epochOf(options, 0);
    expect(await epochOf(options, 1)).not.toEqual(whole);
    expect(await epochOf({ ...options, seed: 1 }, 0)).not.toEqual(whole);
    expect(await epochOf(options, 0, 3)).toEqual(whole.slice(3));
  });

  it('every picture once an epoch; the last batch of a group repeats and says so', async () => {
    const batches = await epochOf({ dataset: dataset(files), ...small, workers: 0 }, 0);
    const distinct = batches.flatMap(({ ids, distinct }) => ids.slice(0, distinct));
    expect(distinct.sort()).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(batches.map(({ distinct }) => distinct).sort()).toEqual([1, 2, 2, 2]);
    expect(new Set(batches.map(({ shape }) => shape.join()))).toEqual(new Set(['64,96', '96,64'])); // 80 x 64, padded
  });

  it('without shuffling and flipping: the order of the data set, boxes scaled by the true ratio of each axis', async () => {
    const one = dataset([['noise0.png', 100, 80]]);
    const [batch] = await epochOf(
      { dataset: one, ...small, batchSize: 1, shortSide: 63, shuffle: false, flip: 0, workers: 0 },
      0,
    );
    // 100 x 80 by 63: 79 x 63 (78.75 rounds up), so x scales by 0.79 and y by 0.7875.
    expect(batch!.boxes[0]).toEqual([7.9, 15.75, 23.7, 31.5].map(Math.fround));
  });

  it('flip mirrors pixels and boxes about the width of the picture, not of the padding', async () => {
    const one = dataset([['left.png', 64, 64]]);
    const options = { dataset: one, batchSize: 1, shortSide: 48, longSide: 48, shuffle: false, workers: 0 };
    const loader = new DetectionLoader({ ...options, flip: 1 });
    for await (const { images, width, boxes, inputSizes } of loader.epoch(0)) {
      expect([...inputSizes]).toEqual([48, 48]);
      expect(width).toBe(64);
      const row = Array.from({ length: 64 }, (_, x) => images[x * 3]!);
      expect(row.slice(0, 23)).toEqual(Array(23).fill(0));
      expect(row.slice(25, 48)).toEqual(Array(23).fill(200));
      expect(row.slice(48)).toEqual(Array(16).fill(0)); // padding
      expect([...boxes[0]!]).toEqual([48 - 22.5, 15, 48 - 7.5, 30]); // x: 10, 30 -> 7.5, 22.5 -> mirrored
    }
    await loader.close();
  });

  it('multi-scale: each batch one of the short sides, shapes within the bound', async () => {
    const options = { dataset: dataset(files), ...small, shortSide: [32, 64, 96], maxShapes: 2, workers: 0 };
    const loader = new DetectionLoader(options);
    expect(loader.shapes().length).toBeLessThanOrEqual(2);
    const shortSides = new Set<number>();
    for (const epoch of [0, 1, 2])
      for await (const { inputSizes, height, width } of loader.epoch(epoch)) {
        expect(loader.shapes()).toContainEqual([height, width]);
        shortSides.add(Math.min(inputSizes[0]!, inputSizes[1]!));
      }
    expect([...shortSides].sort((a, b) => a - b)).toEqual([32, 64, 96]);
    await loader.close();
  });

  it.each([0, 2])(
    'broken pictures, skip, %i workers: the good ones move up and repeat, the files are listed',
    async (workers) => {
      const html: [string, number, number] = ['html.jpg', 100, 80];
      const [a, b, c] = [files[0]!, files[2]!, files[4]!];
      const options = {
        dataset: dataset([a, html, b, html, c]),
        ...small,
        batchSize: 5,
        shuffle: false,
        flip: 0,
        workers,
      };
      const told: string[] = [];
      const onSkipped = ({ file }: { file: string }) => told.push(file);
      const loader = new DetectionLoader({ ...options, onBroken: 'skip', onSkipped });
      for (const epoch of [0, 1])
        for await (const { records, images, distinct, labels } of loader.epoch(epoch)) {
          expect(records.map(({ imageId }) => imageId)).toEqual([1, 3, 5, 1, 3]);
          expect(labels.map(([label]) => label)).toEqual([0, 2, 4, 0, 2]);
          expect(distinct).toBe(3);
          const bytes = images.length / 5;
          const pictures = [0, 1, 2, 3, 4].map((i) => digest({ data: images.slice(i * bytes, (i + 1) * bytes) }));
          expect(new Set(pictures.slice(0, 3)).size).toBe(3);
          expect(pictures.slice(3)).toEqual(pictures.slice(0, 2));
        }
      expect(told).toEqual([join(folder, 'html.jpg')]);
      await loader.close();
    },
  );

  it.each([0, 2])('a broken picture, stop, %i workers: an error with its name', async (workers) => {
    const withBroken = dataset([...files, ['html.jpg', 100, 80]]);
    await expect(epochOf({ dataset: withBroken, ...small, workers }, 0)).rejects.toThrow(/html\.jpg: /);
  });

  it('a picture that is not of the size that the data set says shrinks to fit', async () => {
    const turned = dataset([['noise1.png', 100, 80]]); // 80 x 100 in truth
    const [batch] = await epochOf({ dataset: turned, ...small, batchSize: 1, flip: 0, workers: 0 }, 0);
    expect(batch!.shape).toEqual([64, 96]);
    expect(batch!.boxes[0]!.at(3)).toBeCloseTo(40 * 0.64); // 100 rows became 64
  });

  it.each([
    ['mosaic', { mosaic: 1 }],
    ['crops', { randomCrop: { probability: 1, minScale: 0.3, minIou: [0.01] } }],
    ['colours', { photometric: { probability: 1, brightness: 32, contrast: 0.5, saturation: 0.5, hue: 18 } }],
  ])('%s: another picture each epoch, the same from any number of workers', async (_, augment) => {
    const options = { dataset: dataset(files), ...small, seed: 9, ...augment };
    const inline = await epochOf({ ...options, workers: 0 }, 1);
    expect(await epochOf({ ...options, workers: 2 }, 1)).toEqual(inline);
    const digests = async (epoch: number) =>
      (await epochOf({ ...options, workers: 0 }, epoch)).map((batch) => batch.digest);
    expect(await digests(2)).not.toEqual(await digests(1));
  });

  it('boxes stay on their object through flips, crops and mosaics', async () => {
    // One white square on black; its box must enclose the white pixels of what comes out, to a pixel.
    const square = new Uint8Array(100 * 80 * 3);
    for (let y = 20; y < 40; y++) square.fill(255, (y * 100 + 10) * 3, (y * 100 + 30) * 3);
    await savePicture(join(folder, 'square.png'), { data: square, width: 100, height: 80 });
    const one = dataset([['square.png', 100, 80]]);
    for (const mosaic of [0, 1]) {
      const randomCrop = { probability: 1, minScale: 0.5, minIou: [0.01] };
      const loader = new DetectionLoader({
        dataset: one,
        ...small,
        batchSize: 1,
        flip: 0.5,
        mosaic,
        randomCrop,
        workers: 0,
      });
      let boxesSeen = 0;
      for (let epoch = 0; epoch < 40; epoch++)
        for await (const { images, width, boxes } of loader.epoch(epoch)) {
          const light = (x: number, y: number) => images[(Math.floor(y) * width + Math.floor(x)) * 3]! > 127;
          for (let b = 0; b < boxes[0]!.length; b += 4) {
            const [x1, y1, x2, y2] = boxes[0]!.subarray(b, b + 4) as unknown as [number, number, number, number];
            if (x2 - x1 < 6 || y2 - y1 < 6) continue;
            boxesSeen++;
            for (const [x, y] of [
              [x1 + 1.5, y1 + 1.5],
              [x2 - 1.5, y2 - 1.5],
              [x1 + 1.5, y2 - 1.5],
            ] as const)
              expect(light(x, y), `epoch ${epoch}: (${x}, ${y}) of ${[x1, y1, x2, y2]}`).toBe(true);
          }
        }
      expect(boxesSeen).toBeGreaterThan(20);
      await loader.close();
    }
  });

  it('caches change nothing in the batches, and hold what fits', async () => {
    const options = { dataset: dataset(files), ...small, workers: 1 };
    const plain = [await epochOf(options, 0), await epochOf(options, 1)];
    for (const cache of [
      { kind: 'memory', maxBytes: 4 * 100 * 80 * 3 } as const, // of 7 pictures
      { kind: 'disk', maxBytes: 1e9, folder: join(folder, 'cache') } as const,
      { kind: 'disk', maxBytes: 1e6, folder: join(folder, 'small') } as const, // no picture fits
    ]) {
      const loader = new DetectionLoader({ ...options, cache });
      for (const [epoch, expected] of plain.entries()) {
        const digests: string[] = [];
        for await (const { images } of loader.epoch(epoch)) digests.push(digest({ data: images }));
        expect(digests).toEqual(expected.map((batch) => batch.digest));
      }
      await loader.close();
    }
  });

  it('a picture in a cache is not read again: in memory it outlives its file', async () => {
    await savePicture(join(folder, 'gone.png'), noiseImage(64, 64));
    const options = { dataset: dataset([['gone.png', 64, 64]]), ...small, batchSize: 1, workers: 0, flip: 0 };
    const disk = { kind: 'disk', maxBytes: 1e9, folder: join(folder, 'cache2') } as const;
    const expected = (await epochOf({ ...options, cache: disk }, 0))[0]!.digest;
    const [bucket] = readdirSync(disk.folder);
    const [name] = readdirSync(join(disk.folder, bucket!));
    const cached = join(disk.folder, bucket!, name!);
    writeFileSync(cached, readFileSync(cached).fill(0, 8)); // black instead
    expect((await epochOf({ ...options, cache: disk }, 0))[0]!.digest).not.toBe(expected);
    const loader = new DetectionLoader({ ...options, cache: { kind: 'memory', maxBytes: 1e9 } });
    for await (const _ of loader.epoch(0));
    unlinkSync(join(folder, 'gone.png'));
    for await (const { images } of loader.epoch(1)) expect(digest({ data: images })).toBe(expected);
    await loader.close();
  });

  describe('global batches of 4, dealt', () => {
    /** Pictures and boxes of every global batch, in the order of the plan, however it is dealt. */
    const globalBatches = async (processes: readonly Partial<DetectionLoaderOptions>[]) => {
      const found: { shape: number[]; places: [string, number[], boolean][] }[] = [];
      for (const options of processes) {
        const all = { dataset: dataset(files), ...small, mosaic: 0.5, seed: 3, workers: 0, ...options };
        const parts = partsOf(all);
        const loader = new DetectionLoader(all);
        let at = 0;
        for await (const { images, height, width, records, boxes, distinct, batchSize } of loader.epoch(1)) {
          const { index, count } = parts[at % parts.length]!;
          const position = Math.floor(at++ / parts.length);
          found[position] ??= { shape: [height, width], places: [] };
          const batch = found[position];
          const bytes = height * width * 3;
          for (let i = 0; i < batchSize; i++) {
            const pixels = digest({ data: images.subarray(i * bytes, (i + 1) * bytes) });
            batch.places[i * count + index] = [records[i]!.file + pixels, [...boxes[i]!], i < distinct];
          }
          expect([height, width]).toEqual(batch.shape);
        }
        expect(at).toBe(loader.batchesPerEpoch(1));
        await loader.close();
      }
      return found;
    };

    it('two processes with 2, four with 1, and 2 accumulated see what one batch of 4 would', async () => {
      const alone = await globalBatches([{ batchSize: 4 }]);
      expect(alone.map(({ places }) => places.filter(([, , counts]) => counts).length).toSorted()).toEqual([3, 4]);
      const processes = (count: number, options: Partial<DetectionLoaderOptions>) =>
        Array.from({ length: count }, (_, index) => ({ ...options, shard: { index, count } }));
      expect(await globalBatches(processes(2, { batchSize: 2 }))).toEqual(alone);
      expect(await globalBatches(processes(4, { batchSize: 1 }))).toEqual(alone);
      expect(await globalBatches([{ batchSize: 2, accumulate: 2 }])).toEqual(alone);
      expect(await globalBatches(processes(2, { batchSize: 1, accumulate: 2 }))).toEqual(alone);
    });
  });

  it('batches of an epoch: as many as it gives, also where a sampler draws another number each time', async () => {
    const sampler = (random: Random) => Uint32Array.from({ length: 1 + random.int(20) }, () => random.int(7));
    const options = { dataset: dataset(files), ...small, accumulate: 2, sampler, workers: 0 };
    const loader = new DetectionLoader(options);
    const expected = [0, 1, 2, 3].map((epoch) => loader.batchesPerEpoch(epoch));
    expect(new Set(expected).size).toBeGreaterThan(1);
    for (const [epoch, count] of expected.entries()) expect(await epochOf(options, epoch)).toHaveLength(count);
    await loader.close();
  });

  it('closing in the middle of an epoch rejects it; leaving the loop early does not hang', async () => {
    const loader = new DetectionLoader({ dataset: dataset(files), ...small, workers: 2 });
    for await (const _ of loader.epoch(0)) break;
    const epoch = loader.epoch(1);
    await epoch.next();
    await loader.close();
    await expect(
      (async () => {
        for await (const _ of epoch);
      })(),
    ).rejects.toThrow('the worker pool is closed');
  });
});
