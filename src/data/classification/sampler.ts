import type { Random } from '../../random.js';

export interface SamplerOptions {
  /** Pictures of the data set. */
  readonly count: number;
  /** Views of a picture in an epoch; 1 for none but the one. */
  readonly repeats: number;
}

/**
 * How many views an epoch has: as many as the data set has pictures, whatever the number of views of each.
 *
 * With repeated views the authors' sampler rounds the set down to a multiple of 256 first; smaller sets are not rounded here,
 * where it would leave nothing.
 */
export function epochLength({ count, repeats }: SamplerOptions): number {
  return repeats > 1 && count >= 256 ? count - (count % 256) : count;
}

/**
 * The pictures of one epoch, in order.
 *
 * With repeated views, each picture of a random order stands `repeats` times in a row, and the epoch keeps its length: so it sees a
 * part of the pictures. A picture's views fall into one update; dealing (data/loading/shard.ts) sends them to different parts of it.
 *
 * Source: Hoffer et al., "Augment your batch" (2020); Berman et al., "MultiGrain" (2019); DeiT's `RASampler`.
 */
export function epochOrder(options: SamplerOptions, random: Random): Uint32Array {
  const shuffled = random.permutation(options.count);
  return Uint32Array.from({ length: epochLength(options) }, (_, i) => shuffled[Math.floor(i / options.repeats)]!);
}
