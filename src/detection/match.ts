import { area } from '../geometry/boxes.js';
import { paddedSize, type Size } from '../geometry/size.js';
import type { AnchorGrid } from './anchors.js';

export interface MatchOptions {
  /** An anchor with at least this overlap with a target is foreground. */
  readonly foregroundIou: number;
  /** An anchor with less than this overlap with all targets is background; what lies between is ignored. */
  readonly backgroundIou: number;
}

/** Lin et al., "Focal Loss for Dense Object Detection" (2017), §4. */
export const retinanetMatching: MatchOptions = { foregroundIou: 0.5, backgroundIou: 0.4 };

/** What `matchAnchors` says of an anchor that belongs to no target. */
export const matchState = { background: -1, ignore: -2 } as const;

/** Room for the rounding of anchor corners to single precision when a bound on an overlap is compared with an overlap. */
const slack = 1.001;

const f32 = Math.fround;

/** The A · L kinds of anchor (a level and a place in its cell), with the largest overlap that one can have with a target. */
interface Kind {
  readonly level: number;
  readonly inCell: number;
  readonly width: number;
  readonly height: number;
  bound: number;
}

/**
 * For each anchor the index of its target, or a `matchState`: [R].
 *
 * An anchor takes the target that it overlaps most (the first of equals), if that is enough. Then each target takes all
 * anchors that overlap it most, however little that is and whomever they belonged to; where two targets want the same
 * anchor, the later one has it. Anchors of cells outside the image's own padded area (its sides rounded up to 32) are
 * ignored. All of it as mmdet's MaxIoUAssigner with RetinaNet's settings; in detectron2 and torchvision the anchors of the
 * second step keep the target that *they* overlap most.
 *
 * One deviation: a target that overlaps no anchor gets none, where the reference would give it every anchor.
 *
 * Speed: the anchors of one kind differ by position only, so their overlaps with a box come from one row and one column of
 * numbers; and kinds whose size alone forbids an overlap that matters are skipped. Both change no result.
 *
 * @param boxes [G, 4] xyxy in input pixels
 */
export function matchAnchors(
  grid: AnchorGrid,
  boxes: Float32Array,
  imageSize: Size,
  options: MatchOptions = retinanetMatching,
): Int32Array {
  const total = grid.offsets.at(-1)!;
  // Overlaps are single precision, as in the reference, so the thresholds that they meet are too.
  const foregroundIou = f32(options.foregroundIou);
  const backgroundIou = f32(options.backgroundIou);
  const matches = new Int32Array(total).fill(matchState.background);
  const bestIou = new Float32Array(total); // 0 where below backgroundIou
  const scan = new TargetScan(grid, boxes, imageSize);

  const mostOverlapping: number[][] = []; // for each target
  for (let g = 0; g < boxes.length / 4; g++) {
    mostOverlapping.push(
      scan.run(g, backgroundIou, (anchor, overlap) => {
        if (overlap <= bestIou[anchor]!) return;
        bestIou[anchor] = overlap;
        matches[anchor] = overlap >= foregroundIou ? g : matchState.ignore;
      }),
    );
  }
  for (const [g, anchors] of mostOverlapping.entries()) for (const anchor of anchors) matches[anchor] = g;
  ignorePadding(matches, grid, imageSize);
  return matches;
}

/** Goes over the anchors that overlap one target after the other. */
class TargetScan {
  readonly #kinds: Kind[];
  readonly #valid: readonly Size[];
  /** Of the anchors of one kind: width and overlap with the target by column, height and overlap by row. */
  readonly #widths: Float32Array;
  readonly #sharedWidths: Float32Array;

  constructor(
    readonly grid: AnchorGrid,
    readonly boxes: Float32Array,
    imageSize: Size,
  ) {
    this.#kinds = grid.sizes.flatMap((sizes, level) =>
      sizes.map(([width, height], inCell) => ({ level, inCell, width, height, bound: 0 })),
    );
    this.#valid = validCells(grid, imageSize);
    const columns = Math.max(0, ...grid.levels.map(({ width }) => width));
    this.#widths = new Float32Array(columns);
    this.#sharedWidths = new Float32Array(columns);
  }

  /**
   * Reports each anchor whose overlap with target `g` is at least `reportFrom`.
   *
   * @returns the anchors that overlap it most: all of them, if several are equal
   */
  run(g: number, reportFrom: number, report: (anchor: number, overlap: number) => void): number[] {
    const { grid, boxes } = this;
    const at = 4 * g;
    const [x1, y1, x2, y2] = [boxes[at]!, boxes[at + 1]!, boxes[at + 2]!, boxes[at + 3]!];
    const targetArea = area(boxes, g);
    let best = 0;
    let mostOverlapping: number[] = [];
    for (const { level, inCell, bound } of this.#kindsByBound(x2 - x1, y2 - y1)) {
      if (bound * slack < Math.min(best, reportFrom)) break;
      const [first, end] = this.#measureColumns(level, inCell, x1, x2);
      const rowStride = grid.levels[level]!.width * grid.perCell;
      for (let row = 0; row < this.#valid[level]!.height; row++) {
        const rowAt = grid.offsets[level]! + row * rowStride + inCell;
        const top = grid.anchors[4 * rowAt + 1]!;
        const bottom = grid.anchors[4 * rowAt + 3]!;
        const sharedHeight = f32(Math.min(bottom, y2) - Math.max(top, y1));
        if (!(sharedHeight > 0)) continue;
        const height = f32(bottom - top);
        for (let col = first; col < end; col++) {
          const shared = f32(this.#sharedWidths[col]! * sharedHeight);
          const overlap = f32(shared / f32(f32(targetArea + f32(this.#widths[col]! * height)) - shared));
          if (overlap < best && overlap < reportFrom) continue;
          const anchor = rowAt + col * grid.perCell;
          if (overlap >= reportFrom) report(anchor, overlap);
          if (overlap > best) {
            best = overlap;
            mostOverlapping = [anchor];
          } else if (overlap === best) {
            mostOverlapping.push(anchor);
          }
        }
      }
    }
    return mostOverlapping;
  }

  /** The kinds, most promising first. A box overlaps an anchor by at most the smaller width times the smaller height. */
  #kindsByBound(width: number, height: number): readonly Kind[] {
    for (const kind of this.#kinds) {
      const shared = Math.min(kind.width, width) * Math.min(kind.height, height);
      kind.bound = shared / (kind.width * kind.height + width * height - shared);
    }
    return this.#kinds.sort((a, b) => b.bound - a.bound);
  }

  /** Fills the column arrays, and returns the range of columns that overlap x1 … x2. */
  #measureColumns(level: number, inCell: number, x1: number, x2: number): [first: number, end: number] {
    const { anchors, offsets, perCell } = this.grid;
    const columns = this.#valid[level]!.width;
    let first = columns;
    let end = 0;
    for (let col = 0; col < columns; col++) {
      const at = 4 * (offsets[level]! + col * perCell + inCell);
      const shared = f32(Math.min(anchors[at + 2]!, x2) - Math.max(anchors[at]!, x1));
      if (!(shared > 0)) continue;
      first = Math.min(first, col);
      end = col + 1;
      this.#widths[col] = f32(anchors[at + 2]! - anchors[at]!);
      this.#sharedWidths[col] = shared;
    }
    return [first, end];
  }
}

/** For each level, how many of its cells belong to the image's own padded area; the rest of the batch is other padding. */
export function validCells({ levels }: AnchorGrid, imageSize: Size): Size[] {
  const padded = paddedSize(imageSize);
  return levels.map(({ height, width, stride }) => ({
    height: Math.min(height, Math.ceil(padded.height / stride)),
    width: Math.min(width, Math.ceil(padded.width / stride)),
  }));
}

export function ignorePadding(matches: Int32Array, grid: AnchorGrid, imageSize: Size): void {
  for (const [l, valid] of validCells(grid, imageSize).entries()) {
    const { height, width } = grid.levels[l]!;
    for (let row = 0; row < height; row++) {
      const firstOutside = row < valid.height ? valid.width : 0;
      const rowAt = grid.offsets[l]! + row * width * grid.perCell;
      matches.fill(matchState.ignore, rowAt + firstOutside * grid.perCell, rowAt + width * grid.perCell);
    }
  }
}
