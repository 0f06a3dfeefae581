/** Sides in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** What keep-ratio resizing aims at, in pixels: the short side, unless that would make the long one longer than this. */
export interface ResizeRule {
  readonly shortSide: number;
  readonly longSide: number;
}

/** Sides of what the network sees are multiples of this, the coarsest stride of the backbone. */
export const sizeDivisor = 32;

/**
 * A picture's size after keep-ratio resizing, before padding.
 *
 * Rounded as mmdetection 3 does, `int(side * scale + 0.5)`: 640 x 480 by 800 / 1333 becomes 1067 x 800, where torchvision's
 * floor gives 1066 x 800.
 */
export function inputSize({ width, height }: Size, { shortSide, longSide }: ResizeRule): Size {
  const scale = Math.min(longSide / Math.max(width, height), shortSide / Math.min(width, height));
  const side = (pixels: number) => Math.max(1, Math.floor(pixels * scale + 0.5));
  return { width: side(width), height: side(height) };
}

/** The smallest padded shape that holds a size. */
export function paddedSize({ width, height }: Size): Size {
  const pad = (side: number) => Math.ceil(side / sizeDivisor) * sizeDivisor;
  return { width: pad(width), height: pad(height) };
}

/** How a detector wants pictures: resized, and padded to few shapes. */
export interface InputRule extends ResizeRule {
  /** [height, width] of shapes that it is prepared for, multiples of 32. Absent: every picture has its own padded size. */
  readonly shapes?: readonly (readonly [height: number, width: number])[] | undefined;
}

/** Long sides outside of a rule's shapes are padded to multiples of this, so that pictures of ever other sizes have few shapes. */
export const coarseDivisor = 128;

/**
 * The padded shape of a picture in inference: the smallest of the rule's shapes that holds it. It depends on the picture and the rule
 * alone, so that what is measured or found does not depend on which other pictures there are.
 *
 * @param input size of the picture after resizing
 */
export function inferenceShape(input: Size, { shapes }: Pick<InputRule, 'shapes'>): Size {
  const padded = paddedSize(input);
  if (shapes === undefined) return padded;
  const holding = shapes
    .map(([height, width]) => ({ width, height }))
    .filter(({ width, height }) => width >= padded.width && height >= padded.height);
  if (holding.length > 0) return holding.reduce((least, one) => (area(one) < area(least) ? one : least));
  const coarse = (side: number) => Math.ceil(side / coarseDivisor) * coarseDivisor;
  return padded.width >= padded.height
    ? { width: coarse(padded.width), height: padded.height }
    : { width: padded.width, height: coarse(padded.height) };
}

const area = ({ width, height }: Size) => width * height;
