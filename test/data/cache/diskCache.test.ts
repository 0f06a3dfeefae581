import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { DiskCache } from '../../../src/data/cache/diskCache.js';
import { ImageError } from '../../../src/errors.js';
import { noiseImage } from '../../support/images.js';
import { temporaryFolder } from '../../support/temporaryFolder.js';

let folder: string;
let cacheFolder: string;
beforeEach(() => {
  folder = temporaryFolder();
  cacheFolder = join(folder, 'cache');
});

const image = noiseImage(10, 8);
const fileBytes = 8 + 10 * 8 * 3;
const buckets = 64;
const plenty = 1e9;

const source = (name: string, contents = name) => {
  const file = join(folder, name);
  writeFileSync(file, contents);
  return { file };
};
const decodeNow = async () => image;
const notCalled = () => Promise.reject(new Error('was decoded'));
const keptFiles = () =>
  readdirSync(cacheFolder).flatMap((bucket) =>
    readdirSync(join(cacheFolder, bucket)).map((name) => join(cacheFolder, bucket, name)),
  );
const age = (file: string, hours: number) => {
  const then = new Date(Date.now() - hours * 3600e3);
  utimesSync(file, then, then);
};

describe('DiskCache', () => {
  it('a picture is decoded once, also for another run; its pixels are the same', async () => {
    const a = source('a');
    expect(await new DiskCache(cacheFolder, plenty).get(a, decodeNow)).toBe(image);
    expect(await new DiskCache(cacheFolder, plenty).get(a, notCalled)).toEqual({
      ...image,
      data: Buffer.from(image.data),
    });
    expect(keptFiles()).toHaveLength(1);
    expect(statSync(keptFiles()[0]!).size).toBe(fileBytes);
  });

  it('what is decoded with and without colour profiles is kept apart', async () => {
    const a = source('a');
    await new DiskCache(cacheFolder, plenty).get(a, decodeNow);
    await expect(new DiskCache(cacheFolder, plenty, 'ignore').get(a, notCalled)).rejects.toThrow('was decoded');
    expect(await new DiskCache(cacheFolder, plenty, 'apply').get(a, notCalled)).toMatchObject({ width: 10, height: 8 });
  });

  it('another file, a changed one, and another part of an archive are other pictures', async () => {
    const cache = new DiskCache(cacheFolder, plenty);
    const { file } = source('a');
    await cache.get({ file }, decodeNow);
    await cache.get({ file, bytes: { offset: 0, length: 1 } }, decodeNow);
    await cache.get({ file, bytes: { offset: 1, length: 1 } }, decodeNow);
    await cache.get(source('b'), decodeNow);
    await cache.get(source('a', 'changed'), decodeNow);
    expect(keptFiles()).toHaveLength(5);
  });

  it('a picture that is cut off in the cache is decoded again and replaced', async () => {
    const a = source('a');
    const cache = new DiskCache(cacheFolder, plenty);
    await cache.get(a, decodeNow);
    truncateSync(keptFiles()[0]!, 100);
    expect(await cache.get(a, decodeNow)).toBe(image);
    expect(readFileSync(keptFiles()[0]!)).toHaveLength(fileBytes);
  });

  it('a picture that is gone is an ImageError though the cache has it: a run with and without a cache see the same', async () => {
    await expect(new DiskCache(cacheFolder, plenty).get({ file: join(folder, 'none') }, notCalled)).rejects.toThrow(
      ImageError,
    );
  });

  it('the limit holds for all that is in the folder, whichever run put it there', async () => {
    const limit = 2.5 * fileBytes * buckets; // two in each bucket
    for (let i = 0; i < 300; i++) await new DiskCache(cacheFolder, limit).get(source(`${i}`), decodeNow);
    const counts = readdirSync(cacheFolder).map((bucket) => readdirSync(join(cacheFolder, bucket)).length);
    expect(Math.max(...counts)).toBe(2);
    expect(counts.reduce((sum, count) => sum + count)).toBeGreaterThan(100); // most buckets are full
  });

  it('a full bucket: what was not asked for in a day makes room, the longest idle first; the rest stays', async () => {
    const limit = 2.5 * fileBytes * buckets;
    for (let i = 0; i < 300; i++) await new DiskCache(cacheFolder, limit).get(source(`${i}`), decodeNow);
    const bucket = join(
      cacheFolder,
      readdirSync(cacheFolder).find((name) => readdirSync(join(cacheFolder, name)).length === 2)!,
    );
    const [older, newer] = readdirSync(bucket).map((name) => join(bucket, name)) as [string, string];
    age(older, 30);
    age(newer, 25);
    // Asks for new pictures until one falls into this bucket.
    for (let i = 300; existsSync(older) && i < 2000; i++)
      await new DiskCache(cacheFolder, limit).get(source(`${i}`), decodeNow);
    expect([existsSync(older), existsSync(newer)]).toEqual([false, true]);
    expect(readdirSync(bucket)).toHaveLength(2);
  });

  it('asking for a picture makes it young again', async () => {
    const a = source('a');
    await new DiskCache(cacheFolder, plenty).get(a, decodeNow);
    age(keptFiles()[0]!, 48);
    await new DiskCache(cacheFolder, plenty).get(a, notCalled);
    expect(Date.now() - statSync(keptFiles()[0]!).mtimeMs).toBeLessThan(60e3);
  });

  it('two runs that decode the same pictures at the same time leave each once, and whole', async () => {
    const sources = Array.from({ length: 30 }, (_, i) => source(`${i}`));
    const runs = [new DiskCache(cacheFolder, plenty), new DiskCache(cacheFolder, plenty)];
    const slow = () => new Promise<typeof image>((resolve) => setTimeout(resolve, 1, image));
    await Promise.all(runs.flatMap((cache) => sources.map((each) => cache.get(each, slow))));
    expect(keptFiles().map((file) => statSync(file).size)).toEqual(Array(30).fill(fileBytes));
  });

  it('a folder that cannot be written: pictures are decoded, nothing fails', async () => {
    writeFileSync(cacheFolder, 'a file where the folder should be');
    expect(await new DiskCache(cacheFolder, plenty).get(source('a'), decodeNow)).toBe(image);
  });

  it('a picture larger than the share of a bucket is not kept', async () => {
    mkdirSync(cacheFolder);
    await new DiskCache(cacheFolder, fileBytes).get(source('a'), decodeNow);
    expect(keptFiles()).toEqual([]);
  });
});
