import type { CocoFile } from './cocoFile.js';
import { parseCoco } from './parseCoco.js';

/**
 * The annotations of a data set, of its first `limit` pictures alone where there is a limit.
 *
 * @throws DatasetError with all problems of the file
 */
export function readSplit({ annotations, limit }: { annotations: string; limit: number | null }): CocoFile {
  const whole = parseCoco(annotations);
  if (limit === null) return whole;
  const images = whole.images.slice(0, limit);
  const shown = new Set(images.map(({ id }) => id));
  return { ...whole, images, annotations: whole.annotations.filter(({ image_id }) => shown.has(image_id)) };
}
