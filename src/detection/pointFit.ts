/** How many of FCOS's places learn a box, by its sides alone. */
import type { Sides } from './anchorFit.js';

/**
 * The mean number of places that {@link matchPoints} gives a box of these sides, over all positions that it can have in a picture. Below 1 some of
 * these positions have none at all: the box lies between the centres of the cells.
 *
 * @param strides of the levels, fine to coarse
 * @param rangeScale as of `matchPoints`
 */
export function meanPlaces(sides: Sides, strides: readonly number[], rangeScale: number): number {
  let places = 0;
  let nearer = 0; // area of the positions inside the box whose farthest side is within the ranges so far
  for (const [l, stride] of strides.entries()) {
    const isLast = l === strides.length - 1;
    const within = isLast ? sides[0] * sides[1] : areaWithin(sides, rangeScale * stride);
    places += (within - nearer) / stride ** 2;
    nearer = within;
  }
  return places;
}

/** Square pixels of a box from which no side is farther than `distance`: a rectangle around its middle. */
function areaWithin([width, height]: Sides, distance: number): number {
  const part = (side: number) => Math.min(side, Math.max(0, 2 * distance - side));
  return part(width) * part(height);
}
