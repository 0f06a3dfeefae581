import { closeSync, openSync, read } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ImageError } from '../../errors.js';
import type { ByteRange } from '../byteRange.js';
import type { DiskCache } from '../cache/diskCache.js';
import type { BrokenPicture } from '../image/brokenPicture.js';
import type { ChoosePart, DecodeImage, RgbImage } from '../image/image.js';
import type { ClassPicture } from './dataset.js';

export interface ReadOptions {
  /** Gives this part of the picture alone. */
  readonly choosePart?: ChoosePart;
  /** Where whole pictures are looked for first, and kept. */
  readonly cache?: DiskCache | undefined;
}

/** Decodes one picture of a data set, or a part of it. */
export async function readPicture(
  root: string,
  { file, bytes }: ClassPicture,
  decode: DecodeImage,
  { choosePart, cache }: ReadOptions = {},
): Promise<RgbImage | BrokenPicture> {
  const path = bytes ? root : join(root, file);
  const decodeNow = async () => decode(bytes ? await readRange(root, bytes) : path, choosePart);
  try {
    return await (cache ? cache.get({ file: path, ...(bytes && { bytes }) }, decodeNow) : decodeNow());
  } catch (error) {
    if (error instanceof ImageError) return { file, reason: error.reason };
    throw error;
  }
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
