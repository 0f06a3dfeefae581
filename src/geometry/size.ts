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
