/**
 * The detection part of https://cocodataset.org/#format-data, as the rest of cmtdet sees it: checked and repaired.
 * Key names are those of the format.
 */

import type { Repair } from '../repairs.js';

/** Numbers and strings are different ids: 1 is not "1". A number is whole and at most 2^53 - 1. */
export type CocoId = number | string;

/** Left, top, width, height in original pixels. Sides may be zero or negative: real files have such boxes. */
export type BoxXywh = [x: number, y: number, width: number, height: number];

export interface CocoImage {
  readonly id: CocoId;
  /** Relative to the image folder. Absent in files that only serve to measure results. */
  readonly file_name?: string;
  /** Pixels of the upright picture; both absent where the file has none (or says -1), to be read from the picture. */
  readonly width?: number;
  readonly height?: number;
}

export interface CocoAnnotation {
  /** Nothing depends on it. */
  readonly id: CocoId;
  readonly image_id: CocoId;
  readonly category_id: number;
  readonly bbox: BoxXywh;
  /** Square pixels of the mask where there is one, so not always width x height. Sorts objects into small, medium, large. */
  readonly area: number;
  /** 1: the box is a region that holds many objects, of which none is told apart. */
  readonly iscrowd: 0 | 1;
}

export interface CocoCategory {
  readonly id: number;
  readonly name: string;
}

export interface CocoFile {
  readonly images: readonly CocoImage[];
  readonly annotations: readonly CocoAnnotation[];
  readonly categories: readonly CocoCategory[];
  /** What was mended, left out or looks odd, by kind. */
  readonly repairs: readonly Repair[];
}

/** How a value looks in a message: what it is, and its text if that is short. */
export function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) {
    if (value.length > 8) return `an array of ${value.length}`;
    return `[${value.map((item) => (typeof item === 'number' ? String(item) : JSON.stringify(item))).join(', ')}]`;
  }
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'string') return `${JSON.stringify(value.slice(0, 60))} (string)`;
  return `${value} (${typeof value})`;
}
