/** Formats so plain that a reader of them is short, which sharp does not read. What all of them are held to. */
import { type RgbImage, rgbChannels } from '../image.js';

/** A picture whose header has been read. */
export interface PlainPicture {
  readonly width: number;
  readonly height: number;
  /** @throws Error where pixels are missing or make no sense */
  decode(): RgbImage;
}

/** Sides that a picture can have, in pixels. @throws Error where these are none, or make more than `maxPixels` */
export function checkSides(width: number, height: number, maxPixels: number): void {
  if (!(width > 0 && height > 0)) throw new Error(`sides of ${width} x ${height}`);
  if (width * height > maxPixels) throw new Error('pixel limit');
}

/** @throws Error where a file has fewer bytes than its header asks for */
export function checkLength(bytes: Uint8Array, needed: number): void {
  if (bytes.length < needed) throw new Error(`${bytes.length} bytes of ${needed}`);
}

/** A black picture, to be filled. */
export function emptyImage(width: number, height: number): RgbImage {
  return { data: new Uint8Array(width * height * rgbChannels), width, height };
}
