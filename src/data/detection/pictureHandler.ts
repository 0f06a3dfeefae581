import type { DecodeImage, RgbImage } from '../image/image.js';
import type { JobHandler } from '../parallel/jobs.js';
import { cacheOnDisk } from './diskCache.js';
import {
  type AugmentOptions,
  type BrokenPicture,
  type LoadedPicture,
  loadPicture,
  type PictureJob,
  type PictureSource,
} from './loadPicture.js';

/** What the loader tells its workers once. */
export interface PictureWorkerSettings {
  /** URL of a module that exports `openDecoder(): DecodeImage`. */
  readonly decoder: string;
  readonly augment: AugmentOptions;
  /** Folder of decoded pictures. */
  readonly cacheFolder?: string;
}

/** Opens the decoder with the first picture, then loads one after the other. */
export function pictureHandler(settings: PictureWorkerSettings): JobHandler<PictureJob, LoadedPicture | BrokenPicture> {
  let read: Promise<(source: PictureSource) => Promise<RgbImage>> | undefined;
  return async (job) => {
    read ??= openReader(settings);
    return loadPicture(job, await read, settings.augment);
  };
}

async function openReader({ decoder, cacheFolder }: PictureWorkerSettings) {
  const { openDecoder } = (await import(decoder)) as { openDecoder: () => DecodeImage };
  const decode = openDecoder();
  const decodeCached = cacheFolder === undefined ? decode : cacheOnDisk(decode, cacheFolder);
  return ({ file, onDisk }: PictureSource) => (onDisk ? decodeCached : decode)(file);
}
