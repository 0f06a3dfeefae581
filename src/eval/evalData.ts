import type { CocoCategory, CocoFile, CocoId } from '../data/coco/cocoFile.js';
import type { DetectionColumns } from '../data/coco/detectionColumns.js';
import { IdIndex } from '../data/coco/idIndex.js';
import { DatasetError } from '../errors.js';
import { sortByKey } from './scoreOrder.js';

/** N boxes in the order category, image, place in the file. */
export interface GroupedBoxes {
  /** [K + 1] Where the boxes of each category start. */
  readonly starts: Int32Array;
  /** [N] Position of the image among the sorted image ids. */
  readonly images: Int32Array;
  /** [N] Position of the category among the sorted category ids, also where all count as one. */
  readonly categories: Int32Array;
  /** [N, 4] xywh in original pixels. */
  readonly boxesXywh: Float64Array;
}

export interface GroundTruthBoxes extends GroupedBoxes {
  /** [N] Square pixels, of the mask where the file has one. */
  readonly areas: Float64Array;
  /** [N] 1: a crowd region. */
  readonly crowd: Uint8Array;
}

export interface DetectedBoxes extends GroupedBoxes {
  /** [N] */
  readonly scores: Float64Array;
}

/** Ground truth and detections side by side, ready to be matched category by category. */
export interface EvalData {
  /** [I] Ascending. */
  readonly imageIds: readonly CocoId[];
  /** Ascending by id. */
  readonly categories: readonly CocoCategory[];
  /** K: the number of categories, or 1 where all count as one. */
  readonly groups: number;
  readonly groundTruth: GroundTruthBoxes;
  readonly detections: DetectedBoxes;
  /** Detections of categories that the ground truth does not have; they are not among `detections`. */
  readonly unknownCategory: number;
}

/**
 * Sorts both sides by category and image.
 *
 * @param source what to call the detections in messages
 * @throws DatasetError if detections name images that do not exist
 */
export function prepareEvalData(
  file: CocoFile,
  detections: DetectionColumns,
  { useCats, source }: { useCats: boolean; source: string },
): EvalData {
  const imageIds = file.images.map(({ id }) => id).sort((a, b) => (a < b ? -1 : 1));
  const categories = file.categories.toSorted((a, b) => a.id - b.id);
  const images = new IdIndex(imageIds);
  const categoryPositions = new IdIndex(categories.map(({ id }) => id));
  const groups = useCats ? categories.length : 1;
  const group = (rowImages: Int32Array, rowCategories: Int32Array) =>
    groupRows(rowImages, rowCategories, imageIds.length, categories.length, useCats);

  const { annotations } = file;
  const truthImages = Int32Array.from(annotations, ({ image_id }) => images.get(image_id)!);
  const truthCategories = Int32Array.from(annotations, ({ category_id }) => categoryPositions.get(category_id)!);
  const truths = group(truthImages, truthCategories);
  const groundTruth: GroundTruthBoxes = {
    ...truths,
    boxesXywh: gatherBoxes(truths.rows, (row, i) => annotations[row]!.bbox[i]!),
    areas: Float64Array.from(truths.rows, (row) => annotations[row]!.area),
    crowd: Uint8Array.from(truths.rows, (row) => annotations[row]!.iscrowd),
  };

  const foundImages = imagePositions(detections, images, source);
  const foundCategories = new Int32Array(detections.length);
  for (let i = 0; i < detections.length; i++)
    foundCategories[i] = categoryPositions.get(detections.categoryIds[i]!) ?? -1;
  const found = group(foundImages, foundCategories);
  const { boxesXywh, scores } = detections;
  return {
    imageIds,
    categories,
    groups,
    groundTruth,
    detections: {
      ...found,
      boxesXywh: gatherBoxes(found.rows, (row, i) => boxesXywh[4 * row + i]!),
      scores: gather(scores, found.rows),
    },
    unknownCategory: detections.length - found.rows.length,
  };
}

function imagePositions({ length, imageIds }: DetectionColumns, images: IdIndex<CocoId>, source: string): Int32Array {
  const positions = new Int32Array(length);
  const unknown = new Map<CocoId, number>();
  let count = 0;
  for (let i = 0; i < length; i++) {
    const id = imageIds[i]!;
    const position = i > 0 && id === imageIds[i - 1] ? positions[i - 1] : images.get(id);
    positions[i] = position ?? -1;
    if (position !== undefined && position >= 0) continue;
    count++;
    if (!unknown.has(id)) unknown.set(id, i);
  }
  if (count === 0) return positions;
  const first = [...unknown].slice(0, 5);
  throw new DatasetError(
    source,
    first.map(([id, i]) => ({ at: `[${i}].image_id`, message: images.whyMissing('image_id', id) })),
    `${count} of ${length} detections name ${unknown.size} images that the ground truth does not have.`,
  );
}

/** The rows that have a category, in the order category, image, row; or image, category, row where all count as one. */
function groupRows(images: Int32Array, categories: Int32Array, I: number, K: number, useCats: boolean) {
  let count = 0;
  const all = new Int32Array(categories.length);
  for (let row = 0; row < all.length; row++) if (categories[row]! >= 0) all[count++] = row;
  const known = all.subarray(0, count);
  const rows = useCats
    ? sortByKey(sortByKey(known, images, I), categories, K)
    : sortByKey(sortByKey(known, categories, K), images, I);
  const starts = new Int32Array((useCats ? K : 1) + 1);
  for (const row of rows) starts[(useCats ? categories[row]! : 0) + 1]!++;
  for (let k = 1; k < starts.length; k++) starts[k]! += starts[k - 1]!;
  return {
    rows,
    starts,
    images: gather(images, rows),
    categories: gather(categories, rows),
  };
}

function gather<Column extends Int32Array | Float64Array>(column: Column, rows: Int32Array): Column {
  const gathered = column.slice(0, rows.length) as Column;
  for (let i = 0; i < rows.length; i++) gathered[i] = column[rows[i]!]!;
  return gathered;
}

/** [N, 4] */
function gatherBoxes(rows: Int32Array, side: (row: number, i: number) => number): Float64Array {
  const boxes = new Float64Array(rows.length * 4);
  for (let at = 0; at < boxes.length; at++) boxes[at] = side(rows[at >> 2]!, at & 3);
  return boxes;
}
