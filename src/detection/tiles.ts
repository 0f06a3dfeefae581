/** Large pictures in pieces: objects that would be too small for the network in the whole picture are large enough in a part of it. */
import type { Size } from '../geometry/size.js';
import { classwiseNms, type NmsOptions } from './nms.js';
import { type Detections, joined, rowsOf } from './postprocess.js';

export interface Tiling {
  /** Sides of a tile, in pixels of the picture. */
  readonly side: number;
  /** What neighbouring tiles share, as a share of a side, 0 ... below 1: objects up to that size are whole in some tile. @default 0.2 */
  readonly overlap?: number;
}

/** Part of a picture, in its pixels. */
export interface Tile {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Tiles that cover a picture, row by row, moved together so that none leaves it; one that is the picture where it is no larger. */
export function tilesOf({ width, height }: Size, { side, overlap = 0.2 }: Tiling): Tile[] {
  const lefts = startsOf(width, side, overlap);
  return startsOf(height, side, overlap).flatMap((top) =>
    lefts.map((left) => ({ left, top, width: Math.min(side, width), height: Math.min(side, height) })),
  );
}

/** Evenly from 0 to where the last tile ends with the picture. */
function startsOf(length: number, side: number, overlap: number): number[] {
  if (length <= side) return [0];
  const steps = Math.ceil((length - side) / Math.max(1, side * (1 - overlap)));
  return Array.from({ length: steps + 1 }, (_, i) => Math.round((i * (length - side)) / steps));
}

/** What was found in a part of a picture; boxes in pixels of the part. */
export interface TileDetections {
  readonly tile: Tile;
  readonly found: Detections;
}

/** Pixels within which a box that ends at the edge of a tile is taken for a part of an object that goes on beyond it. */
const edge = 2;
/** A part whose area lies so far inside of a whole box is a part of that one. */
const insideShare = 0.7;

/**
 * The detections of a picture from those of its tiles, and of the whole picture as one more: duplicates are suppressed as in one picture, and
 * boxes that an inner edge of a tile has cut go where a whole box of their class has most of them.
 */
export function mergeTiles(parts: readonly TileDetections[], picture: Size, options: NmsOptions): Detections {
  const all = joined(
    parts.map(({ tile, found }) => ({
      ...found,
      boxes: found.boxes.map((value, i) => value + (i % 2 === 0 ? tile.left : tile.top)),
    })),
  );
  const { boxes, labels } = all;
  const isCut = parts.flatMap(({ tile, found }) =>
    [...found.scores.keys()].map((i) => cutAt(tile, picture, found.boxes, i)),
  );
  const rows = [...labels.keys()];
  const whole = rows.filter((i) => !isCut[i]);
  const stays = rows.filter(
    (i) => !isCut[i] || !whole.some((j) => labels[j] === labels[i] && shareInside(boxes, i, j) >= insideShare),
  );
  const left = rowsOf(all, stays);
  return rowsOf(left, classwiseNms(left.boxes, left.scores, left.labels, options));
}

/** Whether a box ends at an edge of its tile that is none of the picture. */
function cutAt({ left, top, width, height }: Tile, picture: Size, boxes: Float32Array, i: number): boolean {
  const [x1, y1, x2, y2] = [boxes[4 * i]!, boxes[4 * i + 1]!, boxes[4 * i + 2]!, boxes[4 * i + 3]!];
  return (
    (left > 0 && x1 < edge) ||
    (top > 0 && y1 < edge) ||
    (left + width < picture.width && x2 > width - edge) ||
    (top + height < picture.height && y2 > height - edge)
  );
}

/** The share of box i's area that box j covers. */
function shareInside(boxes: Float32Array, i: number, j: number): number {
  const [a, b] = [boxes.subarray(4 * i, 4 * i + 4), boxes.subarray(4 * j, 4 * j + 4)];
  const width = Math.min(a[2]!, b[2]!) - Math.max(a[0]!, b[0]!);
  const height = Math.min(a[3]!, b[3]!) - Math.max(a[1]!, b[1]!);
  if (width <= 0 || height <= 0) return 0;
  return (width * height) / ((a[2]! - a[0]!) * (a[3]! - a[1]!));
}
