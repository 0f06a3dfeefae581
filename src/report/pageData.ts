/** What the script of a report (src/web/report) draws from: JSON in the page. */
import type { ErrorKind } from '../eval/verdicts.js';

export interface PageData {
  /** In the order of labels. */
  readonly categories: readonly { readonly name: string; readonly colour: string }[];
  /** What kinds of wrong detections are, in words. */
  readonly meanings: Readonly<Record<string, string>>;
  readonly pictures: readonly PagePicture[];
}

export interface PagePicture {
  readonly name: string;
  /** Of the upright original; boxes are in its pixels. */
  readonly width: number;
  readonly height: number;
  readonly truth: readonly ShownTruth[];
  readonly found: readonly ShownDetection[];
}

export interface ShownTruth {
  readonly label: number;
  readonly box: BoxXywh;
  /** A region of many objects, none of which is to be found. */
  readonly crowd: boolean;
}

export interface ShownDetection {
  readonly label: number;
  readonly box: BoxXywh;
  readonly score: number;
  readonly kind: 'right' | 'ignored' | Exclude<ErrorKind, 'missed'>;
  /** Which of `truth` a right one has found; -1 else. */
  readonly object: number;
}

/** Left and top may lie outside of the picture. */
export type BoxXywh = readonly [x: number, y: number, width: number, height: number];
