/** Which boxes of a file training can use, and what of them. All in original pixels. */
import type { BoxXywh, CocoAnnotation, CocoImage } from './cocoFile.js';

/** Why a box is of no use in training. */
export type BoxFault = 'crowd' | 'thin' | 'outside';

/** Sides of a picture; one that is not known has no end. */
type Sides = Pick<CocoImage, 'width' | 'height'>;

/** Boxes with a side below this are of no use, as in mmdetection's `CocoDataset`. */
const minBoxSide = 1;
/** A box that reaches over an edge by less is cut without a word: so do many that were rounded. */
const edge = 1;

/** Why a box is of no use in training; undefined if it is. */
export function boxFault({ bbox, iscrowd }: CocoAnnotation, picture: Sides): BoxFault | undefined {
  if (iscrowd) return 'crowd';
  if (bbox[2] < minBoxSide || bbox[3] < minBoxSide) return 'thin';
  const [left, top, right, bottom] = clippedTo(bbox, picture);
  return left >= right || top >= bottom ? 'outside' : undefined;
}

/** Whether a box reaches over an edge of its picture by more than a pixel. */
export function reachesOverEdge(
  [x, y, width, height]: BoxXywh,
  { width: right = Infinity, height: bottom = Infinity }: Sides,
): boolean {
  return x < -edge || y < -edge || x + width > right + edge || y + height > bottom + edge;
}

/** The part of a box that is inside of its picture, xyxy; one that is outside has its sides the wrong way round. */
export function clippedTo(
  [x, y, width, height]: BoxXywh,
  { width: right = Infinity, height: bottom = Infinity }: Sides,
): [left: number, top: number, right: number, bottom: number] {
  return [Math.max(x, 0), Math.max(y, 0), Math.min(x + width, right), Math.min(y + height, bottom)];
}
