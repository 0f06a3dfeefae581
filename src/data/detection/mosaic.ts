import type { Size } from '../../geometry/size.js';
import type { Random } from '../../random.js';
import type { PixelRect } from '../image/image.js';

/** Pictures in a mosaic: left top, right top, left bottom, right bottom. */
export const mosaicSize = 4;
/** Where the four meet, as a share of each side: not nearer to the border than this. */
const margin = 0.25;

/**
 * The four rectangles of a mosaic, which meet at a random point.
 *
 * Source: Bochkovskiy et al., "YOLOv4" (2020), §3.4. There the pictures keep a common scale and leave gaps; here each fills its
 * rectangle with a part of itself (`coveringPart`), so that no pixel is wasted.
 */
export function mosaicRects({ width, height }: Size, random: Random): PixelRect[] {
  const x = Math.round(width * random.uniform(margin, 1 - margin));
  const y = Math.round(height * random.uniform(margin, 1 - margin));
  return [
    { left: 0, top: 0, width: x, height: y },
    { left: x, top: 0, width: width - x, height: y },
    { left: 0, top: y, width: x, height: height - y },
    { left: x, top: y, width: width - x, height: height - y },
  ];
}

/** The largest part of `within` that has the aspect ratio of `target`, at a random place: nothing is distorted. */
export function coveringPart(within: PixelRect, target: Size, random: Random): PixelRect {
  const scale = Math.min(within.width / target.width, within.height / target.height);
  const width = Math.max(1, Math.round(target.width * scale));
  const height = Math.max(1, Math.round(target.height * scale));
  const left = within.left + random.int(within.width - width + 1);
  const top = within.top + random.int(within.height - height + 1);
  return { left, top, width, height };
}
