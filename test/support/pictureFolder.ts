import sharp from 'sharp';
import type { RgbImage } from '../../src/data/image/image.js';

/** A picture of one colour. */
export function plainImage(width: number, height: number, colour: readonly [number, number, number]): RgbImage {
  return { data: Uint8Array.from({ length: width * height * 3 }, (_, i) => colour[i % 3]!), width, height };
}

/** Writes a picture; the extension chooses the format. */
export async function savePicture(file: string, { data, width, height }: RgbImage): Promise<void> {
  await sharp(data, { raw: { width, height, channels: 3 } }).toFile(file);
}
