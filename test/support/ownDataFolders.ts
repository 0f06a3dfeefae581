/** A COCO data set in the forms that people have their own in. */
import { cpSync, mkdirSync } from 'node:fs';
import { join, posix } from 'node:path';
import type { CocoFile } from '../../src/data/coco/cocoFile.js';
import { annotationWriters, type SamplePicture, writeFiles } from './annotationWriters.js';

export type OwnForm = keyof typeof annotationWriters;

const names = {
  voc: { images: 'JPEGImages', labels: 'Annotations' },
  yolo: { images: 'images', labels: 'labels' },
} as const;

/**
 * Writes the first pictures of a data set in another form. Boxes are rounded to whole pixels.
 *
 * @param images where the pictures are @param folder to write; its pictures and annotations are in folders of their own
 */
export function writeOwnData(form: OwnForm, coco: CocoFile, images: string, folder: string, count: number): void {
  const layout = form === 'voc' || form === 'yolo' ? names[form] : { images: 'pictures', labels: '' };
  const pictures = coco.images.slice(0, count).map((image): SamplePicture => {
    const own = coco.annotations.filter(({ image_id }) => image_id === image.id);
    const { file_name = '', width = 0, height = 0 } = image;
    const objects = own.map(({ bbox: [x, y, w, h], category_id }) => ({
      label: coco.categories.find(({ id }) => id === category_id)!.name,
      box: [
        Math.max(0, Math.round(x)),
        Math.max(0, Math.round(y)),
        Math.min(width, Math.round(x + w)),
        Math.min(height, Math.round(y + h)),
      ] as const,
    }));
    return { file: file_name, width, height, objects };
  });
  const { files } = annotationWriters[form](pictures, { ...layout, separator: '/', newline: '\n' });
  writeFiles(folder, files);
  mkdirSync(join(folder, layout.images), { recursive: true });
  for (const { file } of pictures) cpSync(join(images, file), join(folder, posix.join(layout.images, file)));
}
