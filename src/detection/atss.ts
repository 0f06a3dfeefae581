import { iou } from '../geometry/boxes.js';
import type { Size } from '../geometry/size.js';
import type { AnchorGrid } from './anchors.js';
import { ignorePadding, matchState, validCells } from './match.js';

/** Anchors of each level that may learn a box. Source: the paper, §4.3: results hardly depend on it from 7 to 17. */
const candidatesPerLevel = 9;

/** An anchor's centre must lie this far inside of a box, in pixels, to learn it; as mmdet. */
const leastInside = 0.01;

/**
 * For each anchor the index of its target, or a `matchState`: [R].
 *
 * Of each level the nearest anchors of a box are its candidates. It takes those that overlap it by at least the mean and the
 * standard deviation of all candidates' overlaps, and whose centre is inside of it. An anchor that several boxes take goes to
 * the one that it overlaps most. Anchors of cells outside of the image's own padded area are ignored.
 *
 * Source: Zhang et al., "Bridging the Gap Between Anchor-based and Anchor-free Detection via Adaptive Training Sample
 * Selection" (2020), algorithm 1; details as mmdet's ATSSAssigner. Of anchors equally near the first are taken, where mmdet
 * leaves the choice to the machine.
 *
 * @param boxes [G, 4] xyxy in input pixels
 */
export function matchAdaptively(grid: AnchorGrid, boxes: Float32Array, imageSize: Size): Int32Array {
  const matches = new Int32Array(grid.offsets.at(-1)!).fill(matchState.background);
  const best = new Float32Array(matches.length).fill(Number.NEGATIVE_INFINITY);
  const valid = validCells(grid, imageSize);
  for (let g = 0; g < boxes.length / 4; g++) {
    const candidates = grid.levels.flatMap((_, l) => nearest(grid, l, valid[l]!, boxes, g));
    const overlaps = candidates.map((anchor) => iou(grid.anchors, anchor, boxes, g));
    const threshold = meanAndDeviation(overlaps);
    for (const [i, anchor] of candidates.entries()) {
      const overlap = overlaps[i]!;
      if (overlap < threshold || overlap <= best[anchor]! || !isInside(grid, anchor, boxes, g)) continue;
      best[anchor] = overlap;
      matches[anchor] = g;
    }
  }
  ignorePadding(matches, grid, imageSize);
  return matches;
}

/** The anchors of a level whose centres are nearest to that of box `g`. All anchors of a cell are equally near. */
function nearest(grid: AnchorGrid, l: number, valid: Size, boxes: Float32Array, g: number): number[] {
  const { stride, width } = grid.levels[l]!;
  const x = (boxes[4 * g]! + boxes[4 * g + 2]!) / 2;
  const y = (boxes[4 * g + 1]! + boxes[4 * g + 3]!) / 2;
  // Cells lie on a grid, so the nearest are around the one at the centre, within as many rows and columns as there are wanted.
  const window = (centre: number, count: number): [from: number, to: number] => {
    const cell = Math.min(Math.max(Math.round(centre / stride), 0), count - 1);
    return [Math.max(0, cell - candidatesPerLevel), Math.min(count, cell + candidatesPerLevel + 1)];
  };
  const [firstRow, endRow] = window(y, valid.height);
  const [firstColumn, endColumn] = window(x, valid.width);
  const cells: { readonly first: number; readonly distance: number }[] = [];
  for (let row = firstRow; row < endRow; row++) {
    for (let column = firstColumn; column < endColumn; column++) {
      const first = grid.offsets[l]! + (row * width + column) * grid.perCell;
      cells.push({ first, distance: (column * stride - x) ** 2 + (row * stride - y) ** 2 });
    }
  }
  cells.sort((a, b) => a.distance - b.distance);
  return cells
    .slice(0, Math.ceil(candidatesPerLevel / grid.perCell))
    .flatMap(({ first }) => Array.from({ length: grid.perCell }, (_, i) => first + i))
    .slice(0, candidatesPerLevel);
}

/** Mean and standard deviation (of a sample), added. */
function meanAndDeviation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return mean + (values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0);
}

function isInside({ anchors }: AnchorGrid, anchor: number, boxes: Float32Array, g: number): boolean {
  const [p, q] = [4 * anchor, 4 * g];
  const x = (anchors[p]! + anchors[p + 2]!) / 2;
  const y = (anchors[p + 1]! + anchors[p + 3]!) / 2;
  return Math.min(x - boxes[q]!, y - boxes[q + 1]!, boxes[q + 2]! - x, boxes[q + 3]! - y) > leastInside;
}
