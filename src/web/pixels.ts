/**
 * Pixels of whatever a page has, as a canvas gives them. A canvas keeps no colour under what is wholly transparent, which everywhere
 * else in cmtdet counts (docs/data.md): here such places are white, and half-transparent ones lie over white.
 */
import type { ColourProfiles, RgbImage } from '../data/image/image.js';
import type { Picture } from './detector.js';

/**
 * Red, green and blue of a picture, upright, over white where it lets something through.
 *
 * @param colourProfiles of files; what the page has decoded already has had its profile applied
 */
export async function pixelsOf(picture: Picture, colourProfiles: ColourProfiles = 'apply'): Promise<RgbImage> {
  if (!(picture instanceof Blob)) return drawnPixels(picture);
  const colorSpaceConversion = colourProfiles === 'ignore' ? 'none' : 'default';
  const bitmap = await createImageBitmap(picture, { imageOrientation: 'from-image', colorSpaceConversion });
  try {
    return drawnPixels(bitmap);
  } finally {
    bitmap.close();
  }
}

function drawnPixels(source: Exclude<Picture, Blob>): RgbImage {
  const { width, height } = sizeOf(source);
  if (width === 0 || height === 0) throw new Error('the picture has no pixels (yet)');
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })!;
  context.fillStyle = 'white';
  context.fillRect(0, 0, width, height);
  context.drawImage(source, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  const rgb = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; to < rgb.length; from += 4, to += 3) {
    rgb[to] = data[from]!;
    rgb[to + 1] = data[from + 1]!;
    rgb[to + 2] = data[from + 2]!;
  }
  return { data: rgb, width, height };
}

function sizeOf(source: Exclude<Picture, Blob>): { width: number; height: number } {
  if (source instanceof HTMLImageElement) return { width: source.naturalWidth, height: source.naturalHeight };
  if (source instanceof HTMLVideoElement) return { width: source.videoWidth, height: source.videoHeight };
  return source;
}
