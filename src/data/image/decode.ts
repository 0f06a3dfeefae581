/** From a file to pixels, by the rules in docs/data.md. */
import { closeSync, readSync } from 'node:fs';
import sharp from 'sharp';
import { ImageError } from '../../errors.js';
import { openRegularFile } from '../../formats/regularFile.js';
import {
  type ChoosePart,
  type ColourProfiles,
  cutOut,
  type DecodeImage,
  type PixelRect,
  type RgbImage,
  rgbChannels,
} from './image.js';
import { hasEnd, isPlainJpeg, type JpegHeader, type PlainJpegHeader, readJpegHeader } from './jpegHeader.js';
import { applyProfile } from './matrixProfile.js';
import { orient } from './orient.js';
import { openPlain } from './plain/openPlain.js';

sharp.cache(false); // pictures are read once an epoch: a cache only holds memory
sharp.concurrency(1); // the cores belong to the training step; parallelism comes from several pictures at a time

/** Refused above this: 2^28 pixels make 805 MB of RGB. A decompression bomb must not end a training run. */
export const maxPixels = 2 ** 28;

/**
 * Reads the pixels of a JPEG that `isPlainJpeg` admits, as stored: not turned upright, its profile not applied.
 *
 * @param part gives this part alone, in stored pixels: the same as cutting the whole picture
 * @throws Error with the decoder's reason
 */
export type DecodePlainJpeg = (bytes: Uint8Array, header: PlainJpegHeader, part?: PixelRect) => RgbImage;

/**
 * A reader of all formats. Which decoder a file gets follows from its header, and from whether its end is there, so that every command sees the same pixels.
 *
 * @param colourProfiles what profiles in files do; CMYK becomes sRGB in either case, at least by a standard profile
 * @param decodePlainJpeg reads plain JPEGs, faster than the reader of everything else; both give the same pixels
 */
export function imageDecoder(colourProfiles: ColourProfiles = 'apply', decodePlainJpeg?: DecodePlainJpeg): DecodeImage {
  return async (source, choosePart) => {
    const file = typeof source === 'string' ? source : '<bytes>';
    let bytes = typeof source === 'string' ? readBytes(source) : source;
    try {
      const header = decodePlainJpeg && headerOf(bytes, colourProfiles);
      // Where the end is missing, sharp finds out whether all pixels are there; TensorFlow would print a line each time.
      if (!header || !isPlainJpeg(header) || header.width * header.height > maxPixels || !hasEnd(bytes)) {
        if (typeof source === 'string') bytes = bytes.slice(); // the next file may be read before this is done
        return partOf(await decodeAny(bytes, colourProfiles), choosePart);
      }
      if (choosePart && header.orientation === 1)
        return inSrgb(decodePlainJpeg(bytes, header, choosePart(header)), header);
      return partOf(orient(inSrgb(decodePlainJpeg(bytes, header), header), header.orientation), choosePart);
    } catch (error) {
      throw new ImageError(file, failure(bytes, error));
    }
  };
}

/** The header; its colours count as sRGB where profiles are ignored. */
function headerOf(bytes: Uint8Array, colourProfiles: ColourProfiles): JpegHeader | undefined {
  const header = readJpegHeader(bytes);
  return header && colourProfiles === 'ignore' ? { ...header, profile: 'sRGB' } : header;
}

function inSrgb(image: RgbImage, { profile }: PlainJpegHeader): RgbImage {
  if (profile !== 'sRGB') applyProfile(image, profile);
  return image;
}

const partOf = (image: RgbImage, choosePart: ChoosePart | undefined) =>
  choosePart ? cutOut(image, choosePart(image)) : image;

/** The decoder of worker threads that are not given another one. */
export const openDecoder = (colourProfiles?: ColourProfiles): DecodeImage => imageDecoder(colourProfiles);

/** Every format. */
async function decodeAny(bytes: Uint8Array, colourProfiles: ColourProfiles): Promise<RgbImage> {
  if (isDrawing(bytes)) throw new Error('a drawing'); // `failure` says it better
  const plain = openPlain(bytes, maxPixels);
  if (plain) return plain.decode();
  // 'error': a picture with missing pixels is refused rather than filled with grey; mere oddities, which libjpeg only warns of, pass.
  const ignoreIcc = colourProfiles === 'ignore';
  const { data, info } = await sharp(bytes, { failOn: 'error', limitInputPixels: maxPixels, pages: 1, ignoreIcc })
    .autoOrient()
    .toColourspace('srgb')
    .removeAlpha()
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  if (channels !== rgbChannels) throw new Error(`decoded to ${channels} channels, expected ${rgbChannels}`);
  return { data, width, height };
}

/** Grows with the files that this thread reads: new memory for each would take as long as reading. */
let fileMemory = new Uint8Array(2 ** 20);
/** Larger files are rare, and their memory is let go. */
const largestKept = 16 * 2 ** 20;

/**
 * The bytes of a file, in memory that the next file takes.
 *
 * Read at once: this runs on worker threads, which have nothing else to do meanwhile.
 */
function readBytes(file: string): Uint8Array {
  try {
    const { descriptor, size } = openRegularFile(file);
    try {
      const memory = size > fileMemory.length ? new Uint8Array(size) : fileMemory;
      if (size <= largestKept) fileMemory = memory;
      let length = 0;
      for (let read = -1; read !== 0 && length < size; length += read)
        read = readSync(descriptor, memory, length, size - length, null);
      return memory.subarray(0, length);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw new ImageError(file, readFailure(error));
  }
}

/** Why a file cannot be read, as the end of a sentence that begins with its name. */
export function readFailure(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'no such file';
  if (code === 'EISDIR') return 'is a folder, expected a picture';
  if (code === 'EACCES' || code === 'EPERM') return 'may not be read (permission denied)';
  return message;
}

/** Why there is no picture in a file's bytes. */
export function failure(bytes: Uint8Array, error: unknown): string {
  const guess = notAPicture(bytes);
  if (guess) return guess;
  const [reason = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
  if (/pixel limit/i.test(reason)) return `has more than ${maxPixels} pixels, the limit`;
  if (/unsupported image format/i.test(reason)) return 'is in no picture format that is known';
  return `is cut off or damaged (${reason.replace(/^.*corrupt header: ?/, '') || 'corrupt header'})`;
}

/** Whether it is SVG, plain or packed: no pixels but instructions, which may keep a renderer busy for hours. */
export function isDrawing(bytes: Uint8Array): boolean {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return true; // no picture format begins like this
  const start = Buffer.from(bytes.subarray(0, 4096)).toString('utf8').trimStart();
  return /^(<|\ufeff)/.test(start) && /<([\w-]+:)?svg\b/i.test(start);
}

/** What a file is instead of a picture, from its first bytes. */
function notAPicture(bytes: Uint8Array): string | undefined {
  if (bytes.length === 0) return 'is empty (0 bytes)';
  if (isDrawing(bytes)) return 'is an SVG drawing or a packed file, which is not read: convert it to PNG';
  const start = Buffer.from(bytes.subarray(0, 256)).toString('latin1').trimStart();
  if (/^(<!doctype html|<html|<head|<body)/i.test(start))
    return 'is an HTML page, not a picture: a download that failed?';
  if (/^[[{]\s*["{]/.test(start)) return 'is JSON text, not a picture: a download that failed?';
  if (start.startsWith('%PDF')) return 'is a PDF document, not a picture';
  if (start.startsWith('version https://git-lfs')) return 'is a Git LFS pointer: run "git lfs pull" to get the picture';
  return undefined;
}
