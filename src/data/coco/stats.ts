/** Distributions of a data set: what a look at the numbers alone does not show. */
import type { CocoFile, CocoId } from './cocoFile.js';
import { boxFault } from './usableBox.js';

/** Counts by bin; labels say where a bin begins. */
export interface Histogram {
  readonly labels: readonly string[];
  readonly counts: readonly number[];
}

export interface DataStats {
  readonly pictures: number;
  readonly boxes: number;
  /** Usable boxes, and pictures that have them, most first. */
  readonly classes: readonly { readonly name: string; readonly boxes: number; readonly pictures: number }[];
  /** Square root of the area, in original pixels; bins double. */
  readonly sides: Histogram;
  /** Height ÷ width. */
  readonly ratios: Histogram;
  readonly perPicture: Histogram;
  /** [row][column] middles of boxes on a grid over the picture; empty counts where the file has no sizes. */
  readonly places: readonly (readonly number[])[];
}

const gridSize = 16;
const sideEdges = [0, 4, 8, 16, 32, 64, 128, 256, 512, 1024];
const ratioEdges = [0, 0.2, 0.33, 0.5, 0.67, 0.8, 1.25, 1.5, 2, 3, 5];
const countEdges = [0, 1, 2, 3, 4, 6, 11, 21, 51, 101];

export function dataStats({ images, annotations, categories }: CocoFile): DataStats {
  const imageOf = new Map(images.map((image) => [image.id, image]));
  const usable = annotations.filter(
    (annotation) => boxFault(annotation, imageOf.get(annotation.image_id)!) === undefined,
  );
  const perPicture = new Map<CocoId, number>(images.map(({ id }) => [id, 0]));
  const classes = new Map(categories.map(({ id, name }) => [id, { name, boxes: 0, pictures: new Set<CocoId>() }]));
  const places = Array.from({ length: gridSize }, () => new Array<number>(gridSize).fill(0));
  for (const { image_id, category_id, bbox } of usable) {
    perPicture.set(image_id, perPicture.get(image_id)! + 1);
    const own = classes.get(category_id)!;
    own.boxes++;
    own.pictures.add(image_id);
    const { width, height } = imageOf.get(image_id)!;
    if (width === undefined || height === undefined) continue;
    const cell = (middle: number, side: number) =>
      Math.min(gridSize - 1, Math.max(0, Math.floor((middle / side) * gridSize)));
    places[cell(bbox[1] + bbox[3] / 2, height)]![cell(bbox[0] + bbox[2] / 2, width)]!++;
  }
  return {
    pictures: images.length,
    boxes: usable.length,
    classes: [...classes.values()]
      .map(({ name, boxes, pictures }) => ({ name, boxes, pictures: pictures.size }))
      .sort((a, b) => b.boxes - a.boxes),
    sides: histogram(
      usable.map(({ bbox }) => Math.sqrt(bbox[2] * bbox[3])),
      sideEdges,
    ),
    ratios: histogram(
      usable.map(({ bbox }) => bbox[3] / bbox[2]),
      ratioEdges,
    ),
    perPicture: histogram([...perPicture.values()], countEdges),
    places,
  };
}

/** Counts of values from each edge up to the next one; the last has no end. */
export function histogram(values: readonly number[], edges: readonly number[]): Histogram {
  const counts = edges.map(() => 0);
  for (const value of values) {
    const bin = edges.findLastIndex((edge) => edge <= value);
    if (bin >= 0) counts[bin]!++;
  }
  return { labels: edges.map((edge, i) => (i === edges.length - 1 ? `${edge} +` : String(edge))), counts };
}
