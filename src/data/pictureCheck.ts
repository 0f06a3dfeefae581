import { ImageError, type Problem } from '../errors.js';
import type { CocoFile, CocoId, CocoImage } from './coco/cocoFile.js';
import { openDecoder } from './image/decode.js';
import { readImageSize } from './image/imageSize.js';
import { orderedPrefetch } from './parallel/orderedPrefetch.js';
import { openImageRoot, PathError } from './paths.js';

export interface PictureCheckOptions {
  /** Decode the whole picture: a header can be fine where the pixels are cut off. False looks at the header only. */
  readonly pixels: boolean;
  readonly onProgress?: (done: number, total: number) => void;
}

export interface PictureReport {
  /** Pictures that can be read. */
  readonly read: number;
  /** Missing, outside of the folder, no picture, or cut off. */
  readonly broken: readonly Problem[];
  /** Another size than the annotations say. */
  readonly otherSize: readonly Problem[];
  /** The file without broken pictures, with the sizes of the others. */
  readonly usable: CocoFile;
}

const picturesAtOnce = 4;

/** Looks at every picture that an annotation file lists. */
export async function checkPictures(
  file: CocoFile,
  folder: string,
  options: PictureCheckOptions,
): Promise<PictureReport> {
  const root = await openImageRoot(folder);
  const decode = openDecoder();
  const broken: Problem[] = [];
  const otherSize: Problem[] = [];
  const images: CocoImage[] = [];

  const look = async (image: CocoImage) => {
    if (image.file_name === undefined) return { image, problem: 'has no file_name' };
    try {
      const path = await root.find(image.file_name);
      const { width, height } = options.pixels ? await decode(path) : await readImageSize(path);
      return { image, size: { width, height } };
    } catch (error) {
      if (error instanceof PathError) return { image, problem: error.message };
      if (error instanceof ImageError) return { image, problem: error.reason };
      throw error;
    }
  };

  let done = 0;
  for await (const { image, size, problem } of orderedPrefetch(file.images, look, picturesAtOnce)) {
    options.onProgress?.(++done, file.images.length);
    const at = image.file_name ?? `image ${image.id}`;
    if (!size) {
      broken.push({ at, message: problem ?? '' });
      continue;
    }
    const { width, height } = size;
    if (image.width !== undefined && (image.width !== width || image.height !== height)) {
      otherSize.push({
        at,
        message: `is ${width} x ${height} upright, the file says ${image.width} x ${image.height}`,
      });
    }
    images.push({ ...image, width, height });
  }
  const kept = new Set<CocoId>(images.map(({ id }) => id));
  const annotations = file.annotations.filter(({ image_id }) => kept.has(image_id));
  return { read: images.length, broken, otherSize, usable: { ...file, images, annotations } };
}
