import {
  type AnnotatedObject,
  type AnnotationFormat,
  around,
  corners,
  type Outline,
  toNumber,
  turnedCorners,
} from './annotated.js';
import { isObject } from './readJson.js';
import { readXml } from './readXml.js';

/**
 * What the numbers of a `bndbox` mean. PASCAL VOC itself counts pixels from 1 and its corners are pixels inside the box
 * (`inclusive`): x = xmin - 1, width = xmax - xmin + 1. LabelImg, CVAT, Roboflow and others write the edges of the box
 * from 0 (`edges`): x = xmin, width = xmax - xmin. The file does not tell.
 */
export type VocPixels = 'inclusive' | 'edges';

export interface VocOptions {
  readonly pixels: VocPixels;
  /**
   * What becomes of objects marked `difficult`: VOC's own measure neither wants them found nor minds, which in COCO's is
   * a crowd region.
   *
   * @default 'crowd'
   */
  readonly difficult?: 'crowd' | 'keep' | 'drop';
}

/** What `pixels` means, for people. */
export const pixelConventions: Readonly<Record<VocPixels, string>> = {
  inclusive: 'Read as PASCAL VOC counts: pixels from 1, both corners inside the box. For edges from 0: --pixels edges.',
  edges: 'Read as edges from 0. For pixels from 1, as PASCAL VOC itself counts: --pixels inclusive.',
};

/** Two corners as the edges of a box. */
export function pixelCorners(pixels: VocPixels, x1: number, y1: number, x2: number, y2: number): Outline {
  const outline = corners(x1, y1, x2, y2);
  if (pixels === 'edges' || !('boxXywh' in outline)) return outline;
  const [x, y, width, height] = outline.boxXywh;
  return { ...outline, boxXywh: [x - 1, y - 1, width + 1, height + 1] };
}

/** PASCAL VOC: an `.xml` file a picture, or one without an ending (Stanford Dogs). */
export function vocFormat({ pixels, difficult = 'crowd' }: VocOptions): AnnotationFormat {
  return {
    endings: ['.xml', ''],
    convention: pixelConventions[pixels],
    filePerPicture: true,
    async read({ path }) {
      const annotation = readXml(path, ['object'])?.annotation;
      if (!isObject(annotation)) return undefined;
      const size = isObject(annotation.size) ? annotation.size : {};
      const { width, height } = size;
      const found = Array.isArray(annotation.object) ? annotation.object : [];
      const objects = found.map((object, i) => objectOf(object, `object[${i}]`, pixels, difficult));
      const name =
        typeof annotation.filename === 'string' && annotation.filename !== '' ? annotation.filename : undefined;
      return [{ name, at: '', width, height, unit: 'pixels', objects }];
    },
  };
}

function objectOf(object: unknown, at: string, pixels: VocPixels, difficult: VocOptions['difficult']): AnnotatedObject {
  const { name, bndbox, robndbox, difficult: mark } = isObject(object) ? object : {};
  if (mark === '1' && difficult === 'drop')
    return { at, label: name, outline: { leftOut: '{n} difficult objects were left out' } };
  const outline = isObject(robndbox) && !bndbox ? turnedBox(robndbox) : plainBox(bndbox, pixels);
  return { at, label: name, outline, crowd: mark === '1' && difficult === 'crowd' };
}

function plainBox(bndbox: unknown, pixels: VocPixels): Outline {
  const box = isObject(bndbox) ? bndbox : {};
  const [x1, y1, x2, y2] = ['xmin', 'ymin', 'xmax', 'ymax'].map((side) => toNumber(box[side])) as [
    number,
    number,
    number,
    number,
  ];
  const outline = pixelCorners(pixels, x1, y1, x2, y2);
  return 'problem' in outline
    ? { problem: `expected a bndbox of four numbers, found ${JSON.stringify(bndbox ?? null)}` }
    : outline;
}

/** The box around one that roLabelImg has turned: centre, sides, radians. */
function turnedBox(box: Readonly<Record<string, unknown>>): Outline {
  const [cx, cy, w, h, angle] = ['cx', 'cy', 'w', 'h', 'angle'].map((key) => toNumber(box[key])) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const boxXywh = [cx - w / 2, cy - h / 2, w, h] as const;
  return around(turnedCorners(boxXywh, (angle * 180) / Math.PI, [cx, cy]));
}
