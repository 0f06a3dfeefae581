import { createHash, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ImageError } from '../../errors.js';
import { makeFolder } from '../../formats/makeFolder.js';
import type { ByteRange } from '../byteRange.js';
import { readFailure } from '../image/decode.js';
import { type ColourProfiles, type RgbImage, rgbChannels } from '../image/image.js';

/** Part of the names of cached pictures: another number when the decoding rules change. */
const rules = 1;
/** Width and height, 32 bits each. */
const headerBytes = 8;
/** The folder is divided into so many, each with its share of the limit. */
const buckets = 64;
/** Pictures that no run has asked for in this time may go when there is no room. */
const idleMs = 24 * 60 * 60 * 1000;

/** A file, or a part of one: a member of an archive. */
export interface FilePart {
  readonly file: string;
  readonly bytes?: ByteRange;
}

/**
 * Decoded pictures in a folder, found there by the next epoch and the next run.
 *
 * Any number of threads and runs may share the folder. Files appear whole, by renaming. There is no index and no lock: whoever adds
 * a picture looks at what is in its bucket, so the limit holds for all runs together (to one picture for each thread that adds at
 * the same moment), and a crash leaves nothing wrong behind. Where a bucket is full, pictures make room that nobody has asked
 * for in a day; those of this run and of its neighbours stay, since each comes once an epoch and none is worth more than another.
 */
export class DiskCache {
  readonly #folder: string;
  readonly #bucketBytes: number;
  readonly #colourProfiles: ColourProfiles;
  readonly #full = new Set<string>();

  /**
   * @param maxBytes limit of the whole folder, whoever filled it
   * @param colourProfiles how its pictures are decoded
   */
  constructor(folder: string, maxBytes: number, colourProfiles: ColourProfiles = 'apply') {
    this.#folder = folder;
    this.#colourProfiles = colourProfiles;
    this.#bucketBytes = maxBytes / buckets;
  }

  /**
   * The picture from the cache, or decoded and kept for the next time.
   *
   * A name stands for the file's path, size and time of change, and for how it is decoded, so a changed file is decoded again.
   *
   * @throws ImageError when the file is not there any more
   */
  async get(source: FilePart, decode: () => Promise<RgbImage>): Promise<RgbImage> {
    const name = nameOf(source, this.#colourProfiles);
    const bucket = join(this.#folder, (Number.parseInt(name.slice(0, 4), 16) % buckets).toString().padStart(2, '0'));
    const cached = join(bucket, name);
    const kept = read(cached);
    if (kept) return kept;
    const image = await decode();
    this.#keep(bucket, cached, image);
    return image;
  }

  #keep(bucket: string, cached: string, image: RgbImage): void {
    if (this.#full.has(bucket)) return;
    try {
      makeFolder(bucket);
      if (makeRoom(bucket, headerBytes + image.data.length, this.#bucketBytes)) write(cached, image);
      else this.#full.add(bucket);
    } catch {
      this.#full.add(bucket); // a cache that cannot be written is a slower run, not a failed one
    }
  }
}

function nameOf({ file, bytes }: FilePart, colourProfiles: ColourProfiles): string {
  try {
    const { size, mtimeMs } = statSync(file);
    const part = bytes ? `${bytes.offset}+${bytes.length}` : 'all';
    return `${createHash('sha1').update([rules, colourProfiles, file, size, mtimeMs, part].join('\0')).digest('hex')}.rgb`;
  } catch (error) {
    throw new ImageError(file, readFailure(error));
  }
}

function read(cached: string): RgbImage | undefined {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(cached);
    const now = new Date();
    utimesSync(cached, now, now); // it is in use
  } catch {
    return undefined; // not there yet, gone meanwhile, or not readable: then it is decoded
  }
  if (bytes.length < headerBytes) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  if (bytes.length !== headerBytes + width * height * rgbChannels) return undefined; // cut off by a crash of the machine
  return { data: bytes.subarray(headerBytes), width, height };
}

function write(cached: string, { data, width, height }: RgbImage): void {
  const temporary = `${cached}.${randomUUID()}`;
  const bytes = new Uint8Array(headerBytes + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  bytes.set(data, headerBytes);
  try {
    writeFileSync(temporary, bytes);
    renameSync(temporary, cached);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Whether a bucket has room for so many bytes more, after idle files have gone, the longest idle first, as far as that is needed and helps. */
function makeRoom(bucket: string, bytes: number, limit: number): boolean {
  const files = readdirSync(bucket).flatMap((name) => {
    const path = join(bucket, name);
    const status = statSync(path, { throwIfNoEntry: false }); // another thread may have removed it
    return status ? [{ path, size: status.size, usedMs: status.mtimeMs }] : [];
  });
  let excess = files.reduce((sum, { size }) => sum + size, bytes) - limit;
  if (excess <= 0) return true;
  const idle = files.filter(({ usedMs }) => usedMs < Date.now() - idleMs).sort((a, b) => a.usedMs - b.usedMs);
  if (idle.reduce((sum, { size }) => sum + size, 0) < excess) return false;
  for (const { path, size } of idle) {
    if (excess <= 0) break;
    rmSync(path, { force: true });
    excess -= size;
  }
  return true;
}
