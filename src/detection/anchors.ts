import type { Size } from '../geometry/size.js';

/** One pyramid level: its feature map in cells, its stride in input pixels. */
export type PyramidLevel = Readonly<Record<'height' | 'width' | 'stride', number>>;

export interface AnchorOptions {
  /** Anchor side ÷ stride at the first scale: 4 gives 32 px on P3. */
  readonly baseScale: number;
  /** Scales 2^(0/n) … 2^((n-1)/n), so that levels tile the sizes without a gap. */
  readonly scalesPerOctave: number;
  /** Height ÷ width; the area stays that of the square anchor. */
  readonly aspectRatios: readonly number[];
}

/** Lin et al., "Focal Loss for Dense Object Detection" (2017), §4: A = 9 anchors a cell. */
export const retinanetAnchors: AnchorOptions = { baseScale: 4, scalesPerOctave: 3, aspectRatios: [0.5, 1, 2] };

/** P3 … P7, in input pixels. Lin et al. (2017), §4. */
export const retinanetStrides: readonly number[] = [8, 16, 32, 64, 128];

/** The anchors of one input size, and how they are laid out. */
export interface AnchorGrid {
  readonly levels: readonly PyramidLevel[];
  /** [width, height] in input pixels of the A anchors of a cell, for each level. */
  readonly sizes: readonly (readonly (readonly [width: number, height: number])[])[];
  /** A, the same on all levels. */
  readonly perCell: number;
  /** Index of the first anchor of each level, and R at the end: [L + 1]. */
  readonly offsets: readonly number[];
  /** [R, 4] xyxy in input pixels. */
  readonly anchors: Float32Array;
}

/**
 * The levels of an input. Sides that a stride does not divide are rounded up, which is what a 3×3 convolution of stride
 * 2 and padding 1 gives.
 *
 * @param inputSize padded, in pixels
 */
export function pyramidLevels({ height, width }: Size, strides = retinanetStrides): PyramidLevel[] {
  return strides.map((stride) => ({ height: Math.ceil(height / stride), width: Math.ceil(width / stride), stride }));
}

/** [width, height] in pixels of the A anchors centred on any cell of a level. */
export function cellAnchors(stride: number, options: AnchorOptions): [width: number, height: number][] {
  const { baseScale, scalesPerOctave, aspectRatios } = options;
  return aspectRatios.flatMap((ratio) =>
    Array.from({ length: scalesPerOctave }, (_, i): [number, number] => {
      const side = stride * baseScale * 2 ** (i / scalesPerOctave);
      return [side / Math.sqrt(ratio), side * Math.sqrt(ratio)];
    }),
  );
}

/**
 * Every anchor of every level, not clipped to the image.
 *
 * Order is level, row, column, ratio, scale, which is also how the head's [B, H, W, A·K] output reads once reshaped to
 * [B, H·W·A, K]. Change the two together. mmdet and torchvision have this order; detectron2 has scale before ratio.
 */
export function generateAnchors(levels: readonly PyramidLevel[], options = retinanetAnchors): AnchorGrid {
  const perCell = options.aspectRatios.length * options.scalesPerOctave;
  const sizes = levels.map(({ stride }) => cellAnchors(stride, options));
  const offsets = [0];
  for (const { height, width } of levels) offsets.push(offsets.at(-1)! + height * width * perCell);

  const anchors = new Float32Array(offsets.at(-1)! * 4);
  let at = 0;
  for (const [l, { height, width, stride }] of levels.entries()) {
    for (let row = 0; row < height; row++) {
      const cy = row * stride; // offset 0, as in the reference that we follow; 0.5 would be the cell's centre
      for (let col = 0; col < width; col++) {
        const cx = col * stride;
        for (const [w, h] of sizes[l]!) {
          anchors[at++] = cx - w / 2;
          anchors[at++] = cy - h / 2;
          anchors[at++] = cx + w / 2;
          anchors[at++] = cy + h / 2;
        }
      }
    }
  }
  return { levels, sizes, perCell, offsets, anchors };
}
