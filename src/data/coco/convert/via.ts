import {
  type AnnotatedObject,
  type AnnotatedPicture,
  type AnnotationFile,
  type AnnotationFormat,
  around,
  aroundEllipse,
  type Outline,
  sides,
  toNumber,
} from './annotated.js';
import { csvRows } from './csvRows.js';
import { isObject, readJson } from './readJson.js';
import { via3Pictures } from './via3.js';
import { type Attributes, classWithout, labelOf } from './viaLabels.js';

/** VGG Image Annotator: a project of version 1, 2 or 3, or annotations of the first two as `.json` or `.csv`. */
export function viaFormat(): AnnotationFormat {
  return {
    endings: ['.json', '.csv'],
    convention:
      'Read as edges in pixels from 0. The class is the only attribute of a region, or the one called label, class, name, category, type or object.',
    read: async (file) => (file.path.toLowerCase().endsWith('.csv') ? readTable(file) : readProject(file)),
  };
}

function readProject({ path }: AnnotationFile): AnnotatedPicture[] | undefined {
  const root = readJson(path);
  if (!isObject(root)) return undefined;
  const version3 = via3Pictures(root);
  if (version3) return version3;
  const entries = isObject(root._via_img_metadata) ? root._via_img_metadata : root;
  const pictures = Object.entries(entries).filter(
    (entry): entry is [string, Attributes] =>
      isObject(entry[1]) && typeof entry[1].filename === 'string' && 'regions' in entry[1],
  );
  if (pictures.length === 0) return undefined;
  const regionsOf = ({ regions }: Attributes): readonly Attributes[] =>
    (Array.isArray(regions) ? regions : Object.values(isObject(regions) ? regions : {})).map((region) =>
      isObject(region) ? region : {},
    );
  const without = classWithout(
    pictures.flatMap(([, entry]) => regionsOf(entry).map((region) => region.region_attributes)),
  );
  return pictures.map(([key, entry]) => {
    const objects = regionsOf(entry).map(({ shape_attributes, region_attributes }, i) =>
      objectOf(shape_attributes, labelOf(region_attributes, without), `${key} regions[${i}]`),
    );
    return { name: entry.filename as string, at: key, unit: 'pixels', objects };
  });
}

interface Row {
  readonly line: number;
  readonly name: string;
  /** Without keys where the row is a picture without regions; undefined where it cannot be read. */
  readonly shape: Attributes | undefined;
  readonly attributes: Attributes | undefined;
}

async function readTable({ path }: AnnotationFile): Promise<AnnotatedPicture[] | undefined> {
  const rows: Row[] = [];
  let head: readonly string[] | undefined;
  for await (const { line, cells } of csvRows(path)) {
    if (!head) {
      head = cells.map((cell) => cell.replace(/^#/, '').trim());
      if (!head.includes('filename') || !head.includes('region_shape_attributes')) return undefined;
      continue;
    }
    const cell = (name: string) => cells[head!.indexOf(name)] ?? '';
    const [shape, attributes] = [cell('region_shape_attributes'), cell('region_attributes')].map(cellObject);
    rows.push({ line, name: cell('filename'), shape, attributes });
  }
  if (!head) return undefined;
  const without = classWithout(rows.map(({ attributes }) => attributes));
  const pictures = new Map<string, AnnotatedPicture & { readonly objects: AnnotatedObject[] }>();
  for (const { line, name, shape, attributes } of rows) {
    const at = `line ${line}`;
    const picture = pictures.get(name) ?? { name, at, unit: 'pixels', objects: [] };
    pictures.set(name, picture);
    if (!shape) {
      const outline = { problem: 'expected region_shape_attributes as JSON' };
      picture.objects.push({ at, label: 'unknown', outline });
    } else if (Object.keys(shape).length > 0) picture.objects.push(objectOf(shape, labelOf(attributes, without), at));
  }
  return [...pictures.values()];
}

function cellObject(text: string): Attributes | undefined {
  try {
    const value: unknown = JSON.parse(text || '{}');
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function objectOf(shape: unknown, label: unknown, at: string): AnnotatedObject {
  if (isObject(shape)) return { at, label, outline: outlineOf(shape) };
  return { at, label: 'nothing', outline: { odd: '{n} regions have no shape and were passed over' } };
}

function outlineOf(shape: Attributes): Outline {
  const number = (key: string) => toNumber(shape[key]);
  switch (shape.name) {
    case 'rect':
      return sides(number('x'), number('y'), number('width'), number('height'));
    case 'circle':
      return aroundEllipse(number('cx'), number('cy'), number('r'), number('r'));
    case 'ellipse':
      // Turned ones have theta; half the longer axis to all sides would be too much, so the box is computed.
      return ellipse(
        number('cx'),
        number('cy'),
        number('rx'),
        number('ry'),
        shape.theta === undefined ? 0 : number('theta'),
      );
    case 'polygon': {
      const { all_points_x: xs, all_points_y: ys } = shape;
      if (!Array.isArray(xs) || !Array.isArray(ys) || xs.length !== ys.length)
        return { problem: 'expected all_points_x and all_points_y of one length' };
      return around(xs.map((x, i) => [toNumber(x), toNumber(ys[i])] as const));
    }
    default:
      return { leftOut: '{n} points and lines were left out' };
  }
}

function ellipse(x: number, y: number, radiusX: number, radiusY: number, radians: number): Outline {
  const half = (a: number, b: number) => Math.hypot(a * Math.cos(radians), b * Math.sin(radians));
  return aroundEllipse(x, y, half(radiusX, radiusY), half(radiusY, radiusX));
}
