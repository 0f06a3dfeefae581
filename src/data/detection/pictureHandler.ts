import { DiskCache } from '../cache/diskCache.js';
import type { CacheOptions } from '../cache/options.js';
import type { BrokenPicture } from '../image/brokenPicture.js';
import type { DecodeImage, RgbImage } from '../image/image.js';
import type { JobHandler } from '../parallel/jobs.js';
import { type AugmentOptions, type LoadedPicture, loadPicture, type PictureJob } from './loadPicture.js';

/** What the loader tells its workers once. */
export interface PictureWorkerSettings {
  /** URL of a module that exports `openDecoder(): DecodeImage`. */
  readonly decoder: string;
  readonly augment: AugmentOptions;
  readonly cache?: CacheOptions;
}

/** Opens the decoder with the first picture, then loads one after the other. */
export function pictureHandler(settings: PictureWorkerSettings): JobHandler<PictureJob, LoadedPicture | BrokenPicture> {
  let read: Promise<(file: string) => Promise<RgbImage>> | undefined;
  return async (job) => {
    read ??= openReader(settings);
    return loadPicture(job, await read, settings.augment);
  };
}

async function openReader({ decoder, cache }: PictureWorkerSettings): Promise<(file: string) => Promise<RgbImage>> {
  const { openDecoder } = (await import(decoder)) as { openDecoder: () => DecodeImage };
  const decode = openDecoder();
  if (cache?.kind !== 'disk') return (file) => decode(file);
  const disk = new DiskCache(cache.folder, cache.maxBytes);
  return (file) => disk.get({ file }, () => decode(file));
}
