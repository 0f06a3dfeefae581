import { isBmp, openBmp } from './bmp.js';
import type { PlainPicture } from './plainPicture.js';
import { isPnm, openPnm } from './pnm.js';
import { isQoi, openQoi } from './qoi.js';

/**
 * The BMP, PPM, PGM, PBM or QOI picture that begins with these bytes, whatever the file is called; undefined for all others.
 *
 * @param bytes of the whole file; its head is enough for the sides
 * @throws Error where the header is cut off or makes no sense
 */
export function openPlain(bytes: Uint8Array, maxPixels: number): PlainPicture | undefined {
  if (isBmp(bytes)) return openBmp(bytes, maxPixels);
  if (isQoi(bytes)) return openQoi(bytes, maxPixels);
  if (isPnm(bytes)) return openPnm(bytes, maxPixels);
  return undefined;
}
