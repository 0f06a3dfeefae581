import type { CocoId } from './cocoFile.js';

/**
 * Detections, one column a field: what a results file holds, without an object for each of its entries.
 * Order is that of the file, or of the images as they were run; equal scores keep it.
 */
export interface DetectionColumns {
  /** D, the number of detections. */
  readonly length: number;
  /** [D] */
  readonly imageIds: Float64Array | readonly CocoId[];
  /** [D], ids of the file, not labels. */
  readonly categoryIds: Float64Array;
  /** [D, 4] left, top, width, height in original pixels. */
  readonly boxesXywh: Float64Array;
  /** [D] */
  readonly scores: Float64Array;
}

/** Grows `DetectionColumns` one detection at a time. */
export class DetectionColumnsBuilder {
  #length = 0;
  #numberIds: Float64Array = new Float64Array(1024);
  /** Takes over from the numbers at the first id that is a string. */
  #ids: CocoId[] | undefined;
  #categoryIds: Float64Array = new Float64Array(1024);
  #boxesXywh: Float64Array = new Float64Array(4096);
  #scores: Float64Array = new Float64Array(1024);

  /** @param x left edge, @param y top edge: original pixels */
  addXywh(
    imageId: CocoId,
    categoryId: number,
    x: number,
    y: number,
    width: number,
    height: number,
    score: number,
  ): void {
    const at = this.#length++;
    if (at === this.#scores.length) this.#grow();
    if (typeof imageId === 'string') this.#ids ??= Array.from(this.#numberIds.subarray(0, at));
    if (this.#ids) this.#ids.push(imageId);
    else this.#numberIds[at] = imageId as number;
    this.#categoryIds[at] = categoryId;
    this.#scores[at] = score;
    const boxes = this.#boxesXywh;
    boxes[4 * at] = x;
    boxes[4 * at + 1] = y;
    boxes[4 * at + 2] = width;
    boxes[4 * at + 3] = height;
  }

  /** Corners become sides in double precision, also where they come from 32-bit floats. */
  addXyxy(imageId: CocoId, categoryId: number, x1: number, y1: number, x2: number, y2: number, score: number): void {
    this.addXywh(imageId, categoryId, x1, y1, x2 - x1, y2 - y1, score);
  }

  /** The columns so far. They share memory with the builder: add nothing afterwards. */
  columns(): DetectionColumns {
    const length = this.#length;
    return {
      length,
      imageIds: this.#ids ?? this.#numberIds.subarray(0, length),
      categoryIds: this.#categoryIds.subarray(0, length),
      boxesXywh: this.#boxesXywh.subarray(0, 4 * length),
      scores: this.#scores.subarray(0, length),
    };
  }

  #grow(): void {
    this.#numberIds = doubled(this.#numberIds);
    this.#categoryIds = doubled(this.#categoryIds);
    this.#boxesXywh = doubled(this.#boxesXywh);
    this.#scores = doubled(this.#scores);
  }
}

function doubled(column: Float64Array): Float64Array {
  const larger = new Float64Array(column.length * 2);
  larger.set(column);
  return larger;
}
