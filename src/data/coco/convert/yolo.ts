import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { DatasetError, ImageError } from '../../../errors.js';
import { readImageSize } from '../../image/imageSize.js';
import type { BoxXywh, CocoCategory, CocoFile } from '../cocoFile.js';
import { CocoBuilder } from './cocoBuilder.js';
import { filesBelow } from './files.js';

export interface YoloOptions {
  /** Pictures; sizes are read from them, upright. */
  readonly images: string;
  /** One `.txt` a picture, at the same path: lines of `class x y width height` (or a polygon), as shares of its size. */
  readonly labels: string;
  /** `data.yaml`, or a text file with a name a line. */
  readonly names: string;
}

const pictureExtensions = ['.jpg', '.jpeg', '.png', '.webp', '.bmp', '.gif', '.tif', '.tiff', '.avif'];

/**
 * Converts YOLO labels. Category ids are YOLO's class numbers, from 0. Coordinates are edges, not pixels, so they only
 * need scaling: left = (x - width / 2) * W. A picture without labels becomes an image without boxes.
 *
 * @throws DatasetError with every line that is no label
 */
export async function yoloToCoco({ images, labels, names }: YoloOptions): Promise<CocoFile> {
  const categories = readNames(names);
  const builder = new CocoBuilder();
  for (const name of filesBelow(images, pictureExtensions)) {
    const size = await readImageSize(join(images, name)).catch((error: unknown) => {
      if (!(error instanceof ImageError)) throw error;
      builder.problems.push({ at: name, message: error.reason });
    });
    if (!size) continue;
    const image = builder.addImage(name, size.width, size.height);
    const labelName = name.replace(/\.[^.]+$/, '.txt');
    const path = join(labels, labelName);
    if (!existsSync(path)) continue;
    for (const [i, line] of readFileSync(path, 'utf8').split(/\r?\n/).entries()) {
      if (line.trim() === '') continue;
      const label = readLabel(line, size.width, size.height);
      const category = categories.find(({ id }) => id === label?.classNumber);
      const at = `${labelName} line ${i + 1}`;
      if (!label) {
        const message = `expected class, x, y, width, height or class and a polygon, found ${JSON.stringify(line.slice(0, 60))}`;
        builder.problems.push({ at, message });
      } else if (!category) {
        builder.problems.push({ at, message: `class ${label.classNumber} has no name in ${names}` });
      } else builder.addBox(image, category.name, label.bbox);
    }
  }
  return builder.finish(labels, categories);
}

function readLabel(line: string, W: number, H: number): { classNumber: number; bbox: BoxXywh } | undefined {
  const [classNumber, ...numbers] = line.trim().split(/\s+/).map(Number);
  if (!Number.isInteger(classNumber) || !numbers.every(Number.isFinite)) return undefined;
  if (numbers.length === 4) {
    const [x, y, width, height] = numbers as BoxXywh;
    return { classNumber: classNumber!, bbox: [(x - width / 2) * W, (y - height / 2) * H, width * W, height * H] };
  }
  if (numbers.length < 6 || numbers.length % 2 === 1) return undefined;
  const xs = numbers.filter((_, i) => i % 2 === 0);
  const ys = numbers.filter((_, i) => i % 2 === 1);
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  return {
    classNumber: classNumber!,
    bbox: [left * W, top * H, (Math.max(...xs) - left) * W, (Math.max(...ys) - top) * H],
  };
}

/** The names of a `data.yaml` (a list, or a map by number), or the lines of a text file. */
function readNames(path: string): CocoCategory[] {
  const text = readFileSync(path, 'utf8');
  const names: unknown = /\.ya?ml$/i.test(path)
    ? parseYaml(text)?.names
    : text.split(/\r?\n/).filter((line) => line.trim());
  if (!names || typeof names !== 'object') {
    throw new DatasetError(path, [{ at: 'names', message: 'expected a list of names, or names by number' }]);
  }
  return Object.entries(names).map(([id, name]) => ({ id: Number(id), name: String(name).trim() }));
}
