import type { DecodeImage } from '../image/image.js';
import type { JobHandler } from '../parallel/jobs.js';
import { type BrokenPicture, type LoadedPicture, loadPicture, type PictureJob } from './loadPicture.js';

/** What the loader tells its workers once. */
export interface PictureWorkerSettings {
  /** URL of a module that exports `openDecoder(): DecodeImage`. */
  readonly decoder: string;
}

/** Opens the decoder with the first picture, then loads one after the other. */
export function pictureHandler({
  decoder,
}: PictureWorkerSettings): JobHandler<PictureJob, LoadedPicture | BrokenPicture> {
  let decode: Promise<DecodeImage> | undefined;
  return async (job) => {
    decode ??= import(decoder).then(({ openDecoder }: { openDecoder: () => DecodeImage }) => openDecoder());
    return loadPicture(job, await decode);
  };
}
