import { extname } from 'node:path';
import type { Sharp } from 'sharp';
import { writeWhole } from '../formats/writeWhole.js';

/**
 * Writes a picture; the ending of `file` decides the format (PNG, WebP, and JPEG for everything else).
 *
 * By Node and not by sharp's `toFile`, which does not say as a code what went wrong (a full disk, a folder that may
 * not be written to).
 */
export async function writePicture(picture: Sharp, file: string): Promise<void> {
  const encoded = { '.png': encodePng, '.webp': encodeWebp }[extname(file).toLowerCase()] ?? encodeJpeg;
  await writeWhole(file, await encoded(picture).toBuffer());
}

const encodePng = (picture: Sharp) => picture.png();
const encodeWebp = (picture: Sharp) => picture.webp({ quality: 92 });
/** Without halved colours: thin coloured lines smear otherwise. */
const encodeJpeg = (picture: Sharp) => picture.jpeg({ quality: 92, chromaSubsampling: '4:4:4' });
