/** Projects of VGG Image Annotator 3. The tool's own code documentation, "VIA Project JSON", has the keys. */
import {
  type AnnotatedObject,
  type AnnotatedPicture,
  around,
  aroundEllipse,
  type Outline,
  sides,
  toNumber,
} from './annotated.js';
import { isObject } from './readJson.js';
import { type Attributes, classWithout, labelOf } from './viaLabels.js';

/** Where a file of a project lies; the others are the user's own files, of which the project has the name alone. */
const locations = { web: 2, disk: 3 } as const;
const shapes = { rectangle: 2, circle: 3, ellipse: 4, polygon: 7, extremeRectangle: 8, extremeCircle: 9 } as const;
/** Kinds of attributes: what people write, boxes to tick; the others have one of several choices. */
const kinds = { text: 1, checkBoxes: 2 } as const;

type Entries = Readonly<Record<string, unknown>>;

/**
 * The pictures of a project; undefined where this is none. A video is given by its name, as a picture is: it will not be among the pictures.
 */
export function via3Pictures(root: Entries): AnnotatedPicture[] | undefined {
  const { file, view, metadata, attribute } = root;
  if (!isObject(file) || !isObject(view) || !isObject(metadata)) return undefined;
  const attributes = isObject(attribute) ? attribute : {};
  const without = classWithout(Object.values(metadata).map((region) => isObject(region) && region.av));
  const objects = new Map<string, AnnotatedObject[]>();
  for (const [id, region] of Object.entries(metadata)) {
    if (!isObject(region)) continue;
    const { vid, xy, av } = region;
    if (!Array.isArray(xy) || xy.length === 0) continue; // about the picture, or a time
    const label = labelOf(valuesOf(av, attributes), without);
    const inView = objects.get(String(vid)) ?? [];
    objects.set(String(vid), inView);
    inView.push({ at: `metadata.${id}`, label, outline: outlineOf(xy) });
  }
  return Object.entries(view).flatMap(([vid, shown]) => {
    const fids = isObject(shown) && Array.isArray(shown.fid_list) ? shown.fid_list : [];
    const regions = objects.get(vid) ?? [];
    const own = fids.length === 1 ? regions : regions.map(ofSeveral);
    return fids.map((fid) => ({
      ...named(file[String(fid)]),
      at: `view.${vid}`,
      unit: 'pixels' as const,
      objects: own,
    }));
  });
}

const ofSeveral = (region: AnnotatedObject): AnnotatedObject => ({
  ...region,
  outline: { odd: '{n} regions are of a view of several files, and it is not known of which' },
});

/** A file by the path that the project has of it, else by the name that it shows. */
function named(file: unknown): Pick<AnnotatedPicture, 'name' | 'otherName'> {
  const { fname, src, loc } = isObject(file) ? file : {};
  const shown = typeof fname === 'string' ? fname : '';
  if (typeof src !== 'string' || src === '') return { name: shown };
  if (loc === locations.web) return { name: src.replace(/[?#].*$/, ''), otherName: shown };
  return loc === locations.disk ? { name: src, otherName: shown } : { name: shown };
}

/** Values of attributes by their names, in the words of the options. */
function valuesOf(av: unknown, attributes: Entries): Attributes {
  if (!isObject(av)) return {};
  return Object.fromEntries(
    Object.entries(av).map(([id, value]) => {
      const attribute = attributes[id];
      if (!isObject(attribute)) return [id, value];
      const { aname, type, options } = attribute;
      const words = isObject(options) ? options : {};
      const word = (option: string) => (type === kinds.text ? option : (words[option] ?? option));
      const ticked = String(value).split(',');
      const said =
        type === kinds.checkBoxes
          ? Object.fromEntries(ticked.map((option) => [String(word(option)), true]))
          : word(String(value));
      return [typeof aname === 'string' ? aname : id, said];
    }),
  );
}

/** @param xy the number of a shape, then its coordinates in pixels */
function outlineOf([shape, ...coordinates]: readonly unknown[]): Outline {
  const [a = Number.NaN, b = Number.NaN, c = Number.NaN, d = Number.NaN] = coordinates.map(toNumber);
  switch (shape) {
    case shapes.rectangle:
      return sides(a, b, c, d);
    case shapes.circle:
      return aroundEllipse(a, b, c, c);
    case shapes.ellipse:
      return aroundEllipse(a, b, c, d);
    case shapes.polygon:
    case shapes.extremeRectangle:
      return around(pairsOf(coordinates));
    case shapes.extremeCircle:
      return { leftOut: '{n} circles through three points were left out' };
    default:
      return { leftOut: '{n} points and lines were left out' };
  }
}

function* pairsOf(coordinates: readonly unknown[]): Generator<[number, number]> {
  for (let i = 0; i < coordinates.length; i += 2) yield [toNumber(coordinates[i]), toNumber(coordinates[i + 1])];
}
