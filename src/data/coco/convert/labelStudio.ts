import {
  type AnnotatedObject,
  type AnnotatedPicture,
  type AnnotationFormat,
  around,
  aroundEllipse,
  type Outline,
  sides,
  toNumber,
  turnedCorners,
} from './annotated.js';
import { isObject, pointsIn, readJson } from './readJson.js';

type Fields = Readonly<Record<string, unknown>>;

/** Label Studio: `.json` exports, whole (JSON) and short (JSON-MIN). Numbers are per cent of the upright picture. */
export function labelStudioFormat(): AnnotationFormat {
  return {
    endings: ['.json'],
    convention: 'Read as per cent of the picture; the box around polygons, ellipses and what is turned.',
    async read({ path }) {
      const root = readJson(path);
      const tasks = (Array.isArray(root) ? root : [root]).filter(isObject);
      const pictures = tasks.flatMap((task, i) => {
        const picture = pictureOf(task, `task ${task.id ?? `[${i}]`}`);
        return picture ? [picture] : [];
      });
      return pictures.length > 0 ? pictures : undefined;
    },
  };
}

function pictureOf(task: Fields, at: string): AnnotatedPicture | undefined {
  const data = isObject(task.data) ? task.data : task;
  const source = [data.image, data.img, data.image_url, ...Object.values(data)].find(isPicturePath);
  if (source === undefined || !(isObject(task.data) ? Array.isArray(task.annotations) : 'image' in task))
    return undefined;
  const marks = isObject(task.data) ? chosen(task.annotations as readonly unknown[]) : shortMarks(task);
  const values = marks.flatMap((mark) =>
    isObject(mark) && isObject(mark.value) ? [{ ...mark.value, ...sizeOf(mark) }] : [],
  );
  const size = values.map(sizeOf).find(({ original_width }) => original_width !== undefined) ?? {};
  const name = nameIn(source);
  const uploaded = /^(.*\/)?[0-9a-f]{8}-([^/]+)$/.exec(name)?.[2]; // uploads get eight digits in front
  return {
    name,
    ...(uploaded === undefined ? {} : { otherName: uploaded }),
    at,
    width: size.original_width,
    height: size.original_height,
    unit: 'shares',
    objects: values.flatMap((value, i) => objectOf(value, `${at} result[${i}]`) ?? []),
  };
}

const isPicturePath = (value: unknown): value is string =>
  typeof value === 'string' && /[^/\\]\.\w{2,5}(\?|$)|[/\\]|\?d=/.test(value);

/** Of several people's annotations of a picture, the one marked as the truth, else the first that was not cancelled. */
function chosen(annotations: readonly unknown[]): readonly unknown[] {
  const valid = annotations.filter((one): one is Fields => isObject(one) && one.was_cancelled !== true);
  const { result } = valid.find(({ ground_truth }) => ground_truth === true) ?? valid[0] ?? {};
  return Array.isArray(result) ? result : [];
}

/** JSON-MIN has the values themselves, under the name of the tag. */
function shortMarks(task: Fields): readonly unknown[] {
  return Object.values(task)
    .filter(Array.isArray)
    .flat()
    .filter((value) => isObject(value) && labelsOf(value) !== undefined)
    .map((value) => ({ value }));
}

const sizeOf = ({ original_width, original_height }: Fields): Fields =>
  original_width === undefined ? {} : { original_width, original_height };

/** `rectanglelabels: ['cat']` and the like. */
function labelsOf(value: Fields): readonly unknown[] | undefined {
  const key = Object.keys(value).find((name) => /labels$/.test(name) && Array.isArray(value[name]));
  return key === undefined ? undefined : (value[key] as unknown[]);
}

/** undefined for what is no region: choices and text about the whole picture, lines between regions. */
function objectOf(value: Fields, at: string): AnnotatedObject[] | undefined {
  const labels = labelsOf(value);
  if (!labels) return undefined;
  return labels.map((label) => ({ at, label, outline: outlineOf(value) }));
}

/** In shares. What is turned is computed in pixels, which are as long on both axes. */
function outlineOf(value: Fields): Outline {
  const number = (key: string) => toNumber(value[key]);
  const [W, H] = [Number(value.original_width ?? 100), Number(value.original_height ?? 100)];
  const rotation = value.rotation === undefined ? 0 : number('rotation');
  const [x, y] = [number('x') / 100, number('y') / 100];
  if (Array.isArray(value.points)) {
    const points = pointsIn(value.points);
    return points
      ? around(points.map(([px, py]) => [px / 100, py / 100] as const))
      : { problem: 'expected points [[x, y], ...]' };
  }
  if (value.width !== undefined && value.height !== undefined && !('keypointlabels' in value)) {
    const box = sides(x, y, number('width') / 100, number('height') / 100);
    if (!('boxXywh' in box) || rotation === 0) return box;
    const [left, top, width, height] = box.boxXywh;
    const turned = turnedCorners([left * W, top * H, width * W, height * H], rotation, [left * W, top * H]);
    return around(turned.map(([px, py]) => [px / W, py / H] as const));
  }
  if (value.radiusX !== undefined) {
    const [a, b, radians] = [(number('radiusX') / 100) * W, (number('radiusY') / 100) * H, (rotation * Math.PI) / 180];
    const half = (along: number, across: number) => Math.hypot(along * Math.cos(radians), across * Math.sin(radians));
    return aroundEllipse(x, y, half(a, b) / W, half(b, a) / H);
  }
  return { leftOut: '{n} points, brushes and lines were left out' };
}

/** `/data/upload/1/0a1b2c3d-cat.jpg`, `s3://bucket/cat.jpg`, `/data/local-files/?d=folder/cat.jpg`: the path of the picture. */
function nameIn(source: string): string {
  const local = /[?&]d=([^&]*)/.exec(source)?.[1];
  const path = local ?? source.replace(/^[a-z][\w+.-]+:\/\/[^/]*/i, '').replace(/[?#].*$/, '');
  const isAddress = local !== undefined || path !== source || source.startsWith('/data/');
  return (isAddress ? decoded(path) : source).replace(/^[/\\]+/, '');
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
