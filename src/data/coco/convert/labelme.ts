import { join } from 'node:path';
import { fileStream } from '../../../formats/json/byteStream.js';
import { JsonReader } from '../../../formats/json/jsonReader.js';
import type { BoxXywh, CocoFile } from '../cocoFile.js';
import { FieldSet } from '../fieldSet.js';
import { CocoBuilder } from './cocoBuilder.js';
import { filesBelow } from './files.js';

/** `imageData`, the picture as text, is skipped. */
const wanted = new FieldSet(['shapes', 'imagePath', 'imageHeight', 'imageWidth']);

type Point = readonly [x: number, y: number];

/**
 * Converts a folder of LabelMe `.json` files. Coordinates are edges in pixels from 0 and are kept; of shapes other than
 * rectangles, the box around them. Points and lines have no area and are left out, with a warning.
 *
 * @throws DatasetError with every file that is no such thing
 */
export function labelmeToCoco(folder: string): CocoFile {
  const builder = new CocoBuilder();
  for (const name of filesBelow(folder, ['.json'])) {
    const { shapes, imagePath, imageHeight, imageWidth } = readFields(join(folder, name));
    const complain = (at: string, message: string) => builder.problems.push({ at: `${name} ${at}`, message });
    if (!Array.isArray(shapes) || typeof imagePath !== 'string') {
      complain('(root)', 'expected shapes and imagePath, as LabelMe writes them');
      continue;
    }
    if (!(Number(imageWidth) > 0 && Number(imageHeight) > 0)) {
      complain('imageWidth', `expected pixels, found ${imageWidth} x ${imageHeight}`);
      continue;
    }
    const image = builder.addImage(imagePath.replaceAll('\\', '/'), Number(imageWidth), Number(imageHeight));
    for (const [i, shape] of (shapes as Record<string, unknown>[]).entries()) {
      const { label, points, shape_type: type = 'polygon' } = shape;
      if (type === 'point' || type === 'line' || type === 'linestrip' || type === 'points') {
        builder.leaveOut('{n} points and lines were left out', `${name} shapes[${i}]`);
      } else if (typeof label !== 'string' || !arePoints(points)) {
        complain(`shapes[${i}]`, 'expected a label and at least two points');
      } else builder.addBox(image, label, boxAround(points, type === 'circle'));
    }
  }
  return builder.finish(folder);
}

function readFields(path: string): Partial<Record<(typeof wanted.names)[number], unknown>> {
  const reader = new JsonReader(fileStream(path));
  try {
    if (!reader.atObject) return {};
    const record = {};
    reader.fields(wanted, record);
    reader.end();
    return record;
  } finally {
    reader.close();
  }
}

function arePoints(points: unknown): points is readonly Point[] {
  return (
    Array.isArray(points) &&
    points.length >= 2 &&
    points.every((point) => Array.isArray(point) && point.length === 2 && point.every(Number.isFinite))
  );
}

/** A circle is given by its centre and a point on it. */
function boxAround(points: readonly Point[], circle: boolean): BoxXywh {
  if (circle) {
    const [[x, y], [onX, onY]] = points as readonly [Point, Point];
    const radius = Math.hypot(onX - x, onY - y);
    return [x - radius, y - radius, 2 * radius, 2 * radius];
  }
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  return [left, top, Math.max(...xs) - left, Math.max(...ys) - top];
}
