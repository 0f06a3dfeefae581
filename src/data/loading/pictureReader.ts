/** Reading pictures in a worker: decoder, cache on disk, and what is told of a picture that cannot be read. */
import { closeSync, openSync, read } from 'node:fs';
import { promisify } from 'node:util';
import { ImageError } from '../../errors.js';
import type { ByteRange } from '../byteRange.js';
import { DiskCache, type FilePart } from '../cache/diskCache.js';
import type { CacheOptions } from '../cache/options.js';
import type { BrokenPicture } from '../image/brokenPicture.js';
import type { ChoosePart, ColourProfiles, DecodeImage, RgbImage } from '../image/image.js';

/** What a worker is told once about reading; cloneable. */
export interface ReaderSettings {
  /** URL of a module that exports `openDecoder(colourProfiles): DecodeImage`. */
  readonly decoder: string;
  readonly colourProfiles: ColourProfiles;
  readonly cache?: CacheOptions;
}

/** @throws ImageError when it cannot be read */
export type ReadPicture = (part: FilePart) => Promise<RgbImage>;

export interface PictureReader {
  /** The whole picture, from the cache on disk where there is one. */
  readonly read: ReadPicture;
  /** A part of the picture, decoded alone; past the cache. */
  readonly readPart: (part: FilePart, choosePart: ChoosePart) => Promise<RgbImage>;
  /** Whether whole pictures are kept on disk. */
  readonly keepsWhole: boolean;
}

/** The decoder is opened with the first picture. */
export function pictureReader({ decoder, colourProfiles, cache }: ReaderSettings): PictureReader {
  const disk = cache?.kind === 'disk' ? new DiskCache(cache.folder, cache.maxBytes, colourProfiles) : undefined;
  let opened: Promise<DecodeImage> | undefined;
  const decode = async (part: FilePart, choosePart?: ChoosePart) => {
    opened ??= openDecoderModule(decoder, colourProfiles);
    return decodeFilePart(await opened, part, choosePart);
  };
  return {
    read: (part) => (disk ? disk.get(part, () => decode(part)) : decode(part)),
    readPart: decode,
    keepsWhole: disk !== undefined,
  };
}

/** @throws ImageError when it cannot be read */
export async function decodeFilePart(
  decode: DecodeImage,
  { file, bytes }: FilePart,
  choosePart?: ChoosePart,
): Promise<RgbImage> {
  return decode(bytes ? await readRange(file, bytes) : file, choosePart);
}

/** What `reading` gives, or a broken picture called `name`. Errors that are no fault of the picture are thrown. */
export async function orBroken<T>(name: string, reading: Promise<T>): Promise<T | BrokenPicture> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof ImageError) return { file: name, reason: error.reason };
    throw error;
  }
}

async function openDecoderModule(decoder: string, colourProfiles: ColourProfiles): Promise<DecodeImage> {
  const { openDecoder } = (await import(decoder)) as { openDecoder: (colourProfiles: ColourProfiles) => DecodeImage };
  return openDecoder(colourProfiles);
}

const readAt = promisify(read);

/** Opens the file each time: that takes microseconds, and nothing has to be closed at the end. */
async function readRange(path: string, { offset, length }: ByteRange): Promise<Uint8Array> {
  const descriptor = openSync(path, 'r');
  try {
    const buffer = new Uint8Array(length);
    const { bytesRead } = await readAt(descriptor, buffer, 0, length, offset);
    return buffer.subarray(0, bytesRead); // a file that was cut since it was listed gives a broken picture
  } finally {
    closeSync(descriptor);
  }
}
