import sharp from 'sharp';
import { ImageError } from '../../errors.js';

/**
 * Sides of the upright picture in a file, from its header alone, in pixels.
 *
 * @throws ImageError when the header is not that of a picture; broken pixels behind a good header are not seen here
 */
export async function readImageSize(file: string): Promise<{ width: number; height: number }> {
  try {
    const { autoOrient, pageHeight } = await sharp(file).metadata();
    return { width: autoOrient.width, height: pageHeight ?? autoOrient.height };
  } catch (error) {
    throw new ImageError(file, error instanceof Error ? error.message : String(error));
  }
}
