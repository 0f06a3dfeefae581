import {
  type AnnotatedObject,
  type AnnotatedPicture,
  type AnnotationFormat,
  around,
  aroundEllipse,
  corners,
  type Outline,
  sides,
  toNumber,
  turnedCorners,
} from './annotated.js';
import { isObject } from './readJson.js';
import { readXml } from './readXml.js';

type Attributes = Readonly<Record<string, unknown>>;

const shapes = ['box', 'polygon', 'ellipse', 'mask', 'polyline', 'points', 'cuboid', 'skeleton'] as const;
type ShapeName = (typeof shapes)[number];

/** CVAT's own `.xml`, of images or of a video, whose pictures are called `frame_000000` as CVAT writes them. */
export function cvatFormat(): AnnotationFormat {
  return {
    endings: ['.xml'],
    convention: 'Read as edges in pixels from 0; the box around polygons, ellipses, masks and what is turned.',
    async read({ path }) {
      const root = readXml(path, ['image', 'track', ...shapes])?.annotations;
      if (!isObject(root)) return undefined;
      return [...listOf(root.image).map(pictureOf), ...frames(root)];
    },
  };
}

function pictureOf(image: Attributes): AnnotatedPicture {
  const { name, width, height } = image;
  return {
    name: typeof name === 'string' ? name : undefined,
    at: typeof name === 'string' ? '' : `image ${image.id}`,
    width,
    height,
    unit: 'pixels',
    objects: shapes.flatMap((shape) =>
      listOf(image[shape]).map((element, i) => objectOf(shape, element, element.label, `${name} ${shape}[${i}]`)),
    ),
  };
}

/** What the tracks of a video mark in each of its frames. */
function frames(root: Attributes): AnnotatedPicture[] {
  const pictures = new Map<number, AnnotatedPicture & { readonly objects: AnnotatedObject[] }>();
  const { width, height } = frameSize(root.meta);
  for (const track of listOf(root.track)) {
    for (const shape of shapes) {
      for (const element of listOf(track[shape])) {
        if (element.outside === '1') continue; // the object has left the picture
        const frame = Number(element.frame);
        const name = `frame_${String(frame).padStart(6, '0')}`;
        const picture = pictures.get(frame) ?? { name, at: '', width, height, unit: 'pixels', objects: [] };
        pictures.set(frame, picture);
        picture.objects.push(objectOf(shape, element, track.label, `track ${track.id} frame ${frame}`));
      }
    }
  }
  return [...pictures.values()];
}

function frameSize(meta: unknown): Attributes {
  const part = isObject(meta) ? (meta.task ?? meta.job) : undefined;
  return isObject(part) && isObject(part.original_size) ? part.original_size : {};
}

function objectOf(shape: ShapeName, element: Attributes, label: unknown, at: string): AnnotatedObject {
  return { at, label, outline: outlineOf(shape, element) };
}

function outlineOf(shape: ShapeName, element: Attributes): Outline {
  const number = (key: string) => toNumber(element[key]);
  const degrees = element.rotation === undefined ? 0 : number('rotation');
  switch (shape) {
    case 'box':
      return turned(corners(number('xtl'), number('ytl'), number('xbr'), number('ybr')), degrees);
    case 'ellipse':
      return turned(aroundEllipse(number('cx'), number('cy'), number('rx'), number('ry')), degrees);
    case 'mask':
      return sides(number('left'), number('top'), number('width'), number('height'));
    case 'polygon':
      return around(
        String(element.points ?? '')
          .split(';')
          .map((point) => point.split(',').map(toNumber) as [number, number]),
      );
    default:
      return { leftOut: '{n} points, lines, cuboids and skeletons were left out' };
  }
}

/** CVAT turns clockwise about the centre. */
function turned(outline: Outline, degrees: number): Outline {
  if (!('boxXywh' in outline) || degrees === 0) return outline;
  const [x, y, width, height] = outline.boxXywh;
  return around(turnedCorners(outline.boxXywh, degrees, [x + width / 2, y + height / 2]));
}

const listOf = (value: unknown): readonly Attributes[] => (Array.isArray(value) ? value.filter(isObject) : []);
