/** What every format gives: pictures and what is marked in them, as the file has it. The rules are applied in `toCoco.ts`. */

import type { Problem } from '../../../errors.js';

/** Left, top, width, height, as COCO has it. */
export type OutlineXywh = readonly [x: number, y: number, width: number, height: number];

/** Where an object is, or why that is not known. */
export type Outline =
  /** `mended`: corners that were in the wrong order. */
  | { readonly boxXywh: OutlineXywh; readonly mended?: boolean }
  /** Wrong numbers: what was expected and found. They end the conversion. */
  | { readonly problem: string }
  /** Something that no object is, passed over and counted. A sentence in which `{n}` stands for the count. */
  | { readonly odd: string }
  /** Something that no box can hold, as a point; left out and counted. The same kind of sentence. */
  | { readonly leftOut: string };

/** Something that is marked in a picture. */
export interface AnnotatedObject {
  /** Where in its file: `object[3]`, `line 5`. */
  readonly at: string;
  /** Its class. A number is text too; all else that is no text is odd. */
  readonly label: unknown;
  readonly outline: Outline;
  /** Objects of one picture with one label and one group are parts of one. */
  readonly group?: string | number;
  /** A region that holds many objects, of which none is told apart. */
  readonly crowd?: boolean;
}

/** A picture, and what is marked in it. */
export interface AnnotatedPicture {
  /** What the file calls the picture; undefined where the name of the annotation file alone says it. */
  readonly name: string | undefined;
  /** Another name that it may have, tried where nothing is called as `name` says. */
  readonly otherName?: string;
  /** Where in the file, for messages; empty where a file is about one picture. */
  readonly at: string;
  /** In pixels, as the file says; anything that is no size counts as none. Absent where the format knows no sizes. */
  readonly width?: unknown;
  readonly height?: unknown;
  /** What coordinates are counted in: pixels from the left and upper edge, or shares of the upright picture. */
  readonly unit: 'pixels' | 'shares';
  readonly objects: readonly AnnotatedObject[];
}

/** A file of annotations. */
export interface AnnotationFile {
  readonly path: string;
  /** Relative to the folder that is converted, with `/`. */
  readonly name: string;
}

/** One format of annotations, ready to read: what its options say is known to it. */
export interface AnnotationFormat {
  /** What its files end in; an empty text stands for files without an ending. */
  readonly endings: readonly string[];
  /** How the numbers were read, and what to do if that is wrong: a sentence for people. */
  readonly convention: string;
  /** The ids of its classes, where the format numbers them. Default: the names that occur, sorted, from 1. */
  readonly categories?: readonly { readonly id: number; readonly name: string }[];
  /** True where a picture that no file is about has no object in it, as for YOLO. */
  readonly othersAreEmpty?: boolean;
  /** True where a file is about the one picture that is called as it is. */
  readonly filePerPicture?: boolean;
  /**
   * The pictures of a file; undefined where it is of another kind.
   *
   * @throws DatasetError where the file is damaged
   */
  read(file: AnnotationFile): Promise<readonly AnnotatedPicture[] | undefined>;
  /** What only all files together show to be wrong; called once, after the last. */
  finish?(): readonly Problem[];
}

/** A box given by two corners, in any order: files have both. */
export function corners(x1: number, y1: number, x2: number, y2: number): Outline {
  if (![x1, y1, x2, y2].every(Number.isFinite)) return { problem: notFinite([x1, y1, x2, y2]) };
  const boxXywh: OutlineXywh = [Math.min(x1, x2), Math.min(y1, y2), Math.abs(x2 - x1), Math.abs(y2 - y1)];
  return x1 > x2 || y1 > y2 ? { boxXywh, mended: true } : { boxXywh };
}

/** A box given by its left upper corner and its sides. */
export function sides(x: number, y: number, width: number, height: number): Outline {
  if (![x, y, width, height].every(Number.isFinite)) return { problem: notFinite([x, y, width, height]) };
  if (width < 0 || height < 0) return { problem: `expected sides of 0 or more, found ${width} x ${height}` };
  return { boxXywh: [x, y, width, height] };
}

/** The box around the two or more points of a polygon, a line or a mask. */
export function around(points: Iterable<readonly [x: number, y: number]>): Outline {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  let count = 0;
  for (const [x, y] of points) {
    if (!Number.isFinite(x) || !Number.isFinite(y)) return { problem: notFinite([x, y]) };
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
    count++;
  }
  if (count < 2) return { odd: '{n} shapes have fewer than two points and were passed over' };
  return { boxXywh: [left, top, right - left, bottom - top] };
}

/** The four corners of a box that is turned clockwise about a point, in the same unit on both axes. */
export function turnedCorners(
  [left, top, width, height]: OutlineXywh,
  degrees: number,
  [pivotX, pivotY]: readonly [number, number],
): [x: number, y: number][] {
  const [sin, cos] = [Math.sin((degrees * Math.PI) / 180), Math.cos((degrees * Math.PI) / 180)];
  const [right, bottom] = [left + width, top + height];
  const turned = (x: number, y: number): [number, number] => {
    const [dx, dy] = [x - pivotX, y - pivotY];
    return [pivotX + dx * cos - dy * sin, pivotY + dx * sin + dy * cos];
  };
  return [turned(left, top), turned(right, top), turned(right, bottom), turned(left, bottom)];
}

/** The box around an ellipse. */
export function aroundEllipse(x: number, y: number, radiusX: number, radiusY: number): Outline {
  return sides(x - radiusX, y - radiusY, 2 * radiusX, 2 * radiusY);
}

/** A value of a file as a number: text that is one counts, nothing and all else is NaN. */
export function toNumber(value: unknown): number {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN;
}

const notFinite = (numbers: readonly number[]) => `expected finite numbers, found ${numbers.join(', ')}`;
