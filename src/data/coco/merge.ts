import { posix } from 'node:path';
import { DatasetError, type Problem } from '../../errors.js';
import type { CocoAnnotation, CocoCategory, CocoFile, CocoImage } from './cocoFile.js';

/** A file to merge. */
export interface MergePart {
  readonly file: CocoFile;
  /** What to call it in messages. */
  readonly source: string;
  /** Folder to put before its file names. */
  readonly prefix?: string | undefined;
}

/**
 * One file of several: classes of one name become one, and images and annotations get new ids from 1.
 *
 * @throws DatasetError where two parts list a picture of one file name
 */
export function mergeCoco(parts: readonly MergePart[]): CocoFile {
  const images: CocoImage[] = [];
  const annotations: CocoAnnotation[] = [];
  const categories = new Map<string, CocoCategory>();
  const listedBy = new Map<string, string>();
  const problems: Problem[] = [];
  for (const { file, source, prefix = '' } of parts) {
    const nameOf = new Map(file.categories.map(({ id, name }) => [id, name]));
    for (const { name } of file.categories)
      if (!categories.has(name)) categories.set(name, { id: categories.size + 1, name });
    const newId = new Map(file.images.map(({ id }, i) => [id, images.length + 1 + i]));
    for (const { id, file_name, ...size } of file.images) {
      const name = file_name === undefined ? undefined : posix.join(prefix, file_name);
      const earlier = name === undefined ? undefined : listedBy.get(name);
      if (earlier !== undefined && earlier !== source)
        problems.push({ at: name!, message: `is listed by ${earlier} and by ${source}` });
      if (name !== undefined) listedBy.set(name, source);
      images.push({ ...size, id: newId.get(id)!, ...(name === undefined ? {} : { file_name: name }) });
    }
    for (const annotation of file.annotations) {
      annotations.push({
        ...annotation,
        id: annotations.length + 1,
        image_id: newId.get(annotation.image_id)!,
        category_id: categories.get(nameOf.get(annotation.category_id)!)!.id,
      });
    }
  }
  if (problems.length > 0) {
    const hint =
      'Where these are different pictures in different folders, --folders a,b puts a folder before the names of each.';
    throw new DatasetError('merge', problems, hint);
  }
  return { images, annotations, categories: [...categories.values()], repairs: [] };
}
