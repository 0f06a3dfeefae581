import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ImageError } from '../../errors.js';
import { readFailure } from '../image/decode.js';
import { type DecodeImage, type RgbImage, rgbChannels } from '../image/image.js';

/** Part of the names of cached pictures: another number when the decoding rules change. */
const rules = 1;
/** Width and height, 32 bits each. */
const headerBytes = 8;

/**
 * A decoder that keeps decoded pictures in a folder and finds them there the next time.
 *
 * A name stands for the file's path, size and time of change, so a changed file is decoded again. Files appear whole, by
 * renaming, so any number of threads and runs may share the folder; a full disk only means that nothing more is kept.
 */
export function cacheOnDisk(decode: DecodeImage, folder: string): (file: string) => Promise<RgbImage> {
  mkdirSync(folder, { recursive: true });
  return async (file) => {
    const cached = join(folder, cacheName(file));
    const kept = readCached(cached);
    if (kept) return kept;
    const image = await decode(file);
    writeCached(cached, image);
    return image;
  };
}

function cacheName(file: string): string {
  try {
    const { size, mtimeMs } = statSync(file);
    return `${createHash('sha1').update(`${rules}\0${file}\0${size}\0${mtimeMs}`).digest('hex')}.rgb`;
  } catch (error) {
    throw new ImageError(file, readFailure(error));
  }
}

function readCached(cached: string): RgbImage | undefined {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(cached);
  } catch {
    return undefined; // not there yet, or not readable: then it is decoded
  }
  if (bytes.length < headerBytes) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  if (bytes.length !== headerBytes + width * height * rgbChannels) return undefined; // cut off by a crash of the machine
  return { data: bytes.subarray(headerBytes), width, height };
}

function writeCached(cached: string, { data, width, height }: RgbImage): void {
  const temporary = `${cached}.${randomUUID()}`;
  const bytes = new Uint8Array(headerBytes + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  bytes.set(data, headerBytes);
  try {
    writeFileSync(temporary, bytes);
    renameSync(temporary, cached);
  } catch {
    rmSync(temporary, { force: true }); // a cache that cannot be written is a slower run, not a failed one
  }
}
