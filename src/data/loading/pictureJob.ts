/** What the loader's thread and its workers say to each other. All of it is cloneable. */
import type { FilePart } from '../cache/diskCache.js';
import { fromShared, type MemoryRequest, type SharedImage, toShared } from '../cache/memoryCache.js';
import type { BrokenPicture } from '../image/brokenPicture.js';
import type { RgbImage } from '../image/image.js';
import type { JobHandler } from '../parallel/jobs.js';
import { orBroken, type ReaderSettings, type ReadPicture } from './pictureReader.js';

/** A picture of a data set, as a worker finds it. */
export interface PictureSource extends FilePart {
  /** What to call it in messages. */
  readonly name: string;
}

/**
 * One place of a batch to be filled.
 *
 * @typeParam Source what a picture is besides its file
 * @typeParam How what is to be made of it: sizes, and the seed of what is drawn
 */
export interface PictureJob<Source extends PictureSource, How> {
  /** One picture, or all that come together in one place. */
  readonly sources: readonly (Source & MemoryRequest)[];
  readonly how: How;
  /** The batch's pixels, and which of its equal places this is. */
  readonly batch: SharedArrayBuffer;
  readonly place: number;
}

/** A place that is filled. */
export interface FilledPlace<Made> {
  readonly made: Made;
  /** For each source, what `keepPixels` asked for. */
  readonly kept: readonly (SharedImage | undefined)[];
}

export type PictureHandler<Source extends PictureSource, How, Made> = JobHandler<
  PictureJob<Source, How>,
  FilledPlace<Made> | BrokenPicture
>;

/** What workers are told once: how to read, and what the task adds. */
export interface HandlerSettings<Settings> {
  readonly reader: ReaderSettings;
  readonly task: Settings;
}

/** The pixels of a source: handed over from the cache in memory, or read. */
export async function pixelsOf(
  source: PictureSource & MemoryRequest,
  read: ReadPicture,
): Promise<RgbImage | BrokenPicture> {
  return source.pixels ? fromShared(source.pixels) : orBroken(source.name, read(source));
}

/** The pixels for the cache in memory, where they were asked for. */
export function keptOf({ keepPixels }: MemoryRequest, image: RgbImage): SharedImage | undefined {
  return keepPixels ? toShared(image) : undefined;
}
