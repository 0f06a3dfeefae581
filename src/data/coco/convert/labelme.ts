import { FieldSet } from '../../../formats/json/fieldSet.js';
import { type AnnotatedObject, type AnnotationFormat, around, aroundEllipse, type Outline } from './annotated.js';
import { isObject, pointsIn, readJsonFields } from './readJson.js';

/** `imageData`, the picture as text, is passed over. */
const wanted = new FieldSet(['shapes', 'imagePath', 'imageHeight', 'imageWidth']);

const withoutArea: ReadonlySet<unknown> = new Set(['point', 'points', 'line', 'linestrip']);

/** LabelMe: a `.json` file a picture. Of shapes other than rectangles, the box around them. */
export function labelmeFormat(): AnnotationFormat {
  return {
    endings: ['.json'],
    convention: 'Read as edges in pixels from 0.',
    filePerPicture: true,
    async read({ path }) {
      const { shapes, imagePath, imageWidth: width, imageHeight: height } = readJsonFields(path, wanted);
      if (!Array.isArray(shapes)) return undefined;
      const objects = shapes.map((shape, i): AnnotatedObject => {
        const at = `shapes[${i}]`;
        if (!isObject(shape))
          return { at, label: 'nothing', outline: { odd: '{n} shapes are empty and were passed over' } };
        const { label, group_id } = shape;
        const group = typeof group_id === 'number' || typeof group_id === 'string' ? { group: group_id } : {};
        return { at, label, outline: outlineOf(shape), ...group };
      });
      const name = typeof imagePath === 'string' && imagePath !== '' ? imagePath : undefined;
      return [{ name, at: '', width, height, unit: 'pixels', objects }];
    },
  };
}

function outlineOf({ points, shape_type }: Readonly<Record<string, unknown>>): Outline {
  if (withoutArea.has(shape_type)) return { leftOut: '{n} points and lines were left out' };
  const known = pointsIn(points);
  if (!known) return { problem: `expected points [[x, y], ...], found ${JSON.stringify(points ?? null).slice(0, 60)}` };
  const [centre, onCircle] = known;
  if (shape_type !== 'circle' || !centre || !onCircle) return around(known);
  const radius = Math.hypot(onCircle[0] - centre[0], onCircle[1] - centre[1]);
  return aroundEllipse(centre[0], centre[1], radius, radius);
}
