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

type Attributes = Readonly<Record<string, unknown>>;

/** Attributes that people keep the class in, the likeliest first. */
const labelKeys = ['label', 'class', 'name', 'category', 'type', 'object'];

/** VGG Image Annotator 1 and 2: a project, or its annotations as `.json` or `.csv`. */
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
  const entries = isObject(root._via_img_metadata) ? root._via_img_metadata : root;
  const pictures = Object.entries(entries).filter(
    (entry): entry is [string, Attributes] =>
      isObject(entry[1]) && typeof entry[1].filename === 'string' && 'regions' in entry[1],
  );
  if (pictures.length === 0) return undefined;
  return pictures.map(([key, { filename, regions }]) => {
    const list = Array.isArray(regions) ? regions : Object.values(isObject(regions) ? regions : {});
    const objects = list.map((region, i) => {
      const { shape_attributes, region_attributes } = isObject(region) ? region : {};
      return objectOf(shape_attributes, region_attributes, `${key} regions[${i}]`);
    });
    return { name: filename as string, at: key, unit: 'pixels', objects };
  });
}

async function readTable({ path }: AnnotationFile): Promise<AnnotatedPicture[] | undefined> {
  const pictures = new Map<string, AnnotatedPicture & { readonly objects: AnnotatedObject[] }>();
  let head: readonly string[] | undefined;
  for await (const { line, cells } of csvRows(path)) {
    if (!head) {
      head = cells.map((cell) => cell.replace(/^#/, '').trim());
      if (!head.includes('filename') || !head.includes('region_shape_attributes')) return undefined;
      continue;
    }
    const cell = (name: string) => cells[head!.indexOf(name)] ?? '';
    const name = cell('filename');
    const picture = pictures.get(name) ?? { name, at: `line ${line}`, unit: 'pixels', objects: [] };
    pictures.set(name, picture);
    const shape = cellObject(cell('region_shape_attributes'));
    if (!shape)
      picture.objects.push({
        at: `line ${line}`,
        label: 'unknown',
        outline: { problem: 'expected region_shape_attributes as JSON' },
      });
    else if (Object.keys(shape).length > 0)
      picture.objects.push(objectOf(shape, cellObject(cell('region_attributes')), `line ${line}`));
  }
  return head && [...pictures.values()];
}

function cellObject(text: string): Attributes | undefined {
  try {
    const value: unknown = JSON.parse(text || '{}');
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function objectOf(shape: unknown, attributes: unknown, at: string): AnnotatedObject {
  if (!isObject(shape))
    return { at, label: 'nothing', outline: { odd: '{n} regions have no shape and were passed over' } };
  return { at, label: labelOf(isObject(attributes) ? attributes : {}), outline: outlineOf(shape) };
}

/** Regions without attributes are of the one class that the project is about. */
function labelOf(attributes: Attributes): unknown {
  const keys = Object.keys(attributes);
  if (keys.length === 0) return 'object';
  const key = keys.length === 1 ? keys[0] : labelKeys.find((known) => keys.some((one) => one.toLowerCase() === known));
  const value = attributes[keys.find((one) => one === key || one.toLowerCase() === key) ?? ''];
  if (!isObject(value)) return value;
  const ticked = Object.keys(value).filter((choice) => value[choice] === true); // check boxes
  return ticked.length === 1 ? ticked[0] : undefined;
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
