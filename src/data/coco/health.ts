import type { Problem } from '../../errors.js';
import type { CocoAnnotation, CocoFile, CocoId, CocoImage } from './cocoFile.js';
import { type BoxFault, boxFault, clippedTo, reachesOverEdge } from './usableBox.js';

/** Minimum, quarters and maximum of a list; null for an empty one. */
export type Spread = readonly [min: number, quarter: number, median: number, threeQuarters: number, max: number] | null;

/** Facts about an annotation file, from the file alone. */
export interface CocoHealth {
  readonly images: {
    readonly total: number;
    /** With at least one usable box. */
    readonly used: number;
    /** Without an annotation: they teach what is no object. */
    readonly empty: number;
    /** With annotations, but none usable. */
    readonly onlyUnusable: number;
    /** Sizes in the file, the most frequent first. */
    readonly sizes: readonly { readonly width: number; readonly height: number; readonly count: number }[];
    /** Usable boxes an image. */
    readonly boxes: Spread;
  };
  readonly boxes: {
    readonly total: number;
    readonly usable: number;
    /** How many are of no use, by reason, and the ids of the first ones. */
    readonly unusable: Readonly<Record<BoxFault, { readonly count: number; readonly first: readonly CocoId[] }>>;
    /** Usable boxes that reach over an edge of their image by more than a pixel. */
    readonly overEdge: number;
    /** Usable boxes that repeat another in image, category and place. */
    readonly repeated: number;
    /** Usable boxes by COCO's areas, divided at 32^2 and 96^2 square pixels. */
    readonly small: number;
    readonly medium: number;
    readonly large: number;
    /** Square root of width x height, in original pixels. */
    readonly side: Spread;
    /** Height / width. */
    readonly aspectRatio: Spread;
  };
  /** Usable boxes, and images that have them, by category in ascending id. */
  readonly categories: readonly {
    readonly id: number;
    readonly name: string;
    readonly boxes: number;
    readonly images: number;
  }[];
}

/** Why nothing can be learnt from a file: no class, no picture, or no box that is of use. None where something can. */
export function learningProblems({ images, annotations, categories }: CocoFile): Problem[] {
  const problems: Problem[] = [];
  if (categories.length === 0) problems.push({ at: 'categories', message: 'there is no class' });
  if (images.length === 0) problems.push({ at: 'images', message: 'there is no picture' });
  else if (annotations.length === 0)
    problems.push({ at: 'annotations', message: `${images.length} pictures and no box` });
  else {
    const imageOf = new Map(images.map((image) => [image.id, image]));
    const counts = { crowd: 0, thin: 0, outside: 0 };
    for (const annotation of annotations) {
      const image = imageOf.get(annotation.image_id);
      const fault = image && boxFault(annotation, image);
      if (fault === undefined) return problems;
      counts[fault]++;
    }
    const reasons = [
      [counts.crowd, 'crowd regions'],
      [counts.thin, 'thinner than a pixel'],
      [counts.outside, 'outside their picture'],
    ] as const;
    const why = reasons.flatMap(([count, what]) => (count > 0 ? [`${count} ${what}`] : [])).join(', ');
    const areShares =
      counts.thin > 0 && annotations.every(({ bbox }) => bbox.every((number) => number >= 0 && number <= 1));
    const hint = areShares ? '; all numbers are from 0 to 1: shares of the picture where pixels belong?' : '';
    problems.push({ at: 'annotations', message: `none of ${annotations.length} boxes is of use: ${why}${hint}` });
  }
  return problems;
}

/** Counts what a training run would see of a file. */
export function cocoHealth({ images, annotations, categories }: CocoFile): CocoHealth {
  const imageOf = new Map(images.map((image) => [image.id, image]));
  const usableOf = new Map<CocoId, number>(images.map(({ id }) => [id, 0]));
  const annotated = new Set<CocoId>();
  const perCategory = new Map(categories.map(({ id }) => [id, { boxes: 0, images: new Set<CocoId>() }]));
  const unusable = { crowd: faults(), thin: faults(), outside: faults() };
  const places = new Set<string>();
  const sides: number[] = [];
  const ratios: number[] = [];
  const areas = { small: 0, medium: 0, large: 0 };
  let overEdge = 0;
  for (const annotation of annotations) {
    const { id, image_id, category_id, bbox, area } = annotation;
    const image = imageOf.get(image_id)!;
    annotated.add(image_id);
    const fault = boxFault(annotation, image);
    if (fault) {
      unusable[fault].count++;
      if (unusable[fault].first.length < 5) unusable[fault].first.push(id);
      continue;
    }
    usableOf.set(image_id, usableOf.get(image_id)! + 1);
    const category = perCategory.get(category_id)!;
    category.boxes++;
    category.images.add(image_id);
    places.add(`${image_id} ${category_id} ${bbox.join(' ')}`);
    if (reachesOverEdge(bbox, image)) overEdge++;
    sides.push(Math.sqrt(bbox[2] * bbox[3]));
    ratios.push(bbox[3] / bbox[2]);
    areas[area < 32 ** 2 ? 'small' : area < 96 ** 2 ? 'medium' : 'large']++;
  }
  const used = [...usableOf.values()].filter((count) => count > 0).length;
  return {
    images: {
      total: images.length,
      used,
      empty: images.length - annotated.size,
      onlyUnusable: annotated.size - used,
      sizes: imageSizes(images),
      boxes: spread([...usableOf.values()]),
    },
    boxes: {
      total: annotations.length,
      usable: sides.length,
      unusable,
      overEdge,
      repeated: sides.length - places.size,
      ...areas,
      side: spread(sides),
      aspectRatio: spread(ratios),
    },
    categories: categories
      .toSorted((a, b) => a.id - b.id)
      .map(({ id, name }) => ({
        id,
        name,
        boxes: perCategory.get(id)!.boxes,
        images: perCategory.get(id)!.images.size,
      })),
  };
}

/** File names that both files list: pictures to train on should not be those to measure on. */
export function sharedFileNames(a: CocoFile, b: CocoFile): string[] {
  const names = new Set(a.images.map(({ file_name }) => file_name));
  return b.images.flatMap(({ file_name }) => (file_name !== undefined && names.has(file_name) ? [file_name] : []));
}

/**
 * The part of a file that training can use: without boxes that are thin or outside their image, and the others cut to
 * it. Crowd regions stay, since evaluation needs them, and images without boxes do.
 */
export function cleanCoco(file: CocoFile): CocoFile {
  const imageOf = new Map(file.images.map((image) => [image.id, image]));
  const annotations = file.annotations.flatMap((annotation): CocoAnnotation[] => {
    const image = imageOf.get(annotation.image_id)!;
    const fault = boxFault(annotation, image);
    if (fault === 'thin' || fault === 'outside') return [];
    const [x, y, width, height] = annotation.bbox;
    const [left, top, right, bottom] = clippedTo(annotation.bbox, image);
    const isInside = left === x && top === y && right === x + width && bottom === y + height;
    if (isInside) return [annotation];
    const area = Math.min(annotation.area, (right - left) * (bottom - top));
    return [{ ...annotation, bbox: [left, top, right - left, bottom - top], area }];
  });
  return { ...file, annotations };
}

function faults(): { count: number; first: CocoId[] } {
  return { count: 0, first: [] };
}

function imageSizes(images: readonly CocoImage[]): CocoHealth['images']['sizes'] {
  const counts = new Map<string, { width: number; height: number; count: number }>();
  for (const { width, height } of images) {
    if (width === undefined || height === undefined) continue;
    const key = `${width} ${height}`;
    const entry = counts.get(key) ?? { width, height, count: 0 };
    counts.set(key, entry);
    entry.count++;
  }
  return [...counts.values()].sort((a, b) => b.count - a.count);
}

function spread(values: readonly number[]): Spread {
  if (values.length === 0) return null;
  const sorted = Float64Array.from(values).sort();
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))]!;
  return [at(0), at(0.25), at(0.5), at(0.75), at(1)];
}
