import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { ImageError } from '../../errors.js';
import { type DecodeImage, type RgbImage, rgbChannels } from './image.js';

sharp.cache(false); // pictures are read once an epoch: a cache only holds memory
sharp.concurrency(1); // the cores belong to the training step; parallelism comes from several pictures at a time

/** Refused above this: 2^28 pixels make 805 MB of RGB. A decompression bomb must not end a training run. */
export const maxPixels = 2 ** 28;

/** A reader of every format that sharp knows, by the rules in docs/data.md. See `DecodeImage`. */
export async function decodeWithSharp(source: string | Uint8Array): Promise<RgbImage> {
  const file = typeof source === 'string' ? source : '<bytes>';
  const bytes = typeof source === 'string' ? await readBytes(source) : source;
  try {
    const { data, info } = await sharp(bytes, { failOn: 'error', limitInputPixels: maxPixels, pages: 1 })
      .autoOrient()
      .toColourspace('srgb')
      .removeAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    const { width, height, channels } = info;
    if (channels !== rgbChannels) throw new Error(`decoded to ${channels} channels, expected ${rgbChannels}`);
    return { data, width, height };
  } catch (error) {
    throw new ImageError(file, reasonFor(bytes, error));
  }
}

/** The file's bytes. @throws ImageError when there is nothing to read */
export async function readBytes(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new ImageError(file, readFailure(error));
  }
}

function readFailure(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') return 'no such file';
  if (code === 'EISDIR') return 'is a folder, expected a picture';
  if (code === 'EACCES' || code === 'EPERM') return 'may not be read (permission denied)';
  return error instanceof Error ? error.message : String(error);
}

function reasonFor(bytes: Uint8Array, error: unknown): string {
  if (bytes.length === 0) return 'is empty (0 bytes)';
  return error instanceof Error ? error.message : String(error);
}

/** The decoder of worker threads, unless they are given another module. */
export const openDecoder = (): DecodeImage => decodeWithSharp;
