import { type RgbImage, rgbChannels } from './image.js';
import { exchangesSides } from './jpegHeader.js';
import { pixelMemory, recycle } from './pixelMemory.js';

/**
 * A stored picture turned upright; its memory is given away.
 *
 * @param orientation Exif's 1 .. 8: which way the first row and column of the stored picture lie (Exif 2.3, §4.6.4 A)
 */
export function orient(image: RgbImage, orientation: number): RgbImage {
  if (orientation === 1) return image;
  const { data, width, height } = image;
  const exchanged = exchangesSides(orientation);
  const upright = exchanged ? { width: height, height: width } : { width, height };
  const steps = { right: rgbChannels, down: width * rgbChannels };
  const last = { right: (width - 1) * steps.right, down: (height - 1) * steps.down };
  // Where the stored picture's bytes of the upright top left pixel are, and how far the next ones to the right and below.
  const mirroredAcross = orientation === 2 || orientation === 3 || orientation === 7 || orientation === 8;
  const mirroredDown = orientation === 3 || orientation === 4 || orientation === 6 || orientation === 7;
  const start = (mirroredAcross ? last.right : 0) + (mirroredDown ? last.down : 0);
  const right = mirroredAcross ? -steps.right : steps.right;
  const down = mirroredDown ? -steps.down : steps.down;
  const [stepColumn, stepRow] = exchanged ? [down, right] : [right, down];
  const out = pixelMemory(data.length);
  let to = 0;
  for (let row = 0; row < upright.height; row++) {
    let from = start + row * stepRow;
    for (let column = 0; column < upright.width; column++, from += stepColumn, to += rgbChannels) {
      out[to] = data[from]!;
      out[to + 1] = data[from + 1]!;
      out[to + 2] = data[from + 2]!;
    }
  }
  recycle(image);
  return { data: out, ...upright };
}
