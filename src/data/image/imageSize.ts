import { close, read } from 'node:fs';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { ImageError } from '../../errors.js';
import { openRegularFile } from '../../formats/regularFile.js';
import type { ByteRange } from '../byteRange.js';
import { failure, isDrawing, readFailure } from './decode.js';
import { exchangesSides, readJpegHeader } from './jpegHeader.js';
import { openPlain } from './plain/openPlain.js';

/** Enough for the header of almost every JPEG without a thumbnail; the others are read again. */
const headBytes = 4096;

/**
 * Sides of the upright picture in a file, from its header alone, in pixels.
 *
 * @param part where the picture's bytes are, if not the whole file: a member of an archive
 * @throws ImageError when the header is not that of a picture. Broken pixels behind a good header are not seen here.
 */
export async function readImageSize(file: string, part?: ByteRange): Promise<{ width: number; height: number }> {
  const head = await readBytes(file, part?.offset ?? 0, Math.min(headBytes, part?.length ?? headBytes));
  const jpeg = readJpegHeader(head);
  if (jpeg && jpeg.width > 0 && jpeg.height > 0) {
    const { width, height, orientation } = jpeg;
    return exchangesSides(orientation) ? { width: height, height: width } : { width, height };
  }
  if (isDrawing(head)) throw new ImageError(file, failure(head, undefined));
  try {
    const plain = openPlain(head, Number.POSITIVE_INFINITY);
    if (plain) return { width: plain.width, height: plain.height };
    const input = part ? await readBytes(file, part.offset, part.length) : file;
    const { autoOrient, pageHeight } = await sharp(input, { limitInputPixels: false }).metadata();
    return { width: autoOrient.width, height: pageHeight ?? autoOrient.height };
  } catch (error) {
    throw new ImageError(file, failure(head, error));
  }
}

const readAt = promisify(read);
const closeFile = promisify(close);

/** As many bytes as there are, up to `length`. */
async function readBytes(file: string, offset: number, length: number): Promise<Uint8Array> {
  try {
    const { descriptor } = openRegularFile(file);
    try {
      const { buffer, bytesRead } = await readAt(descriptor, new Uint8Array(length), 0, length, offset);
      return buffer.subarray(0, bytesRead);
    } finally {
      await closeFile(descriptor);
    }
  } catch (error) {
    throw new ImageError(file, readFailure(error));
  }
}
