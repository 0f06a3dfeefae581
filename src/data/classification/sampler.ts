import type { Random } from '../../random.js';

export interface SamplerOptions {
  /** Pictures of the data set. */
  readonly count: number;
  /** Views of a picture in an epoch; 1 for none but the one. */
  readonly repeats: number;
  /** This machine and the number of them: each takes every `world`-th view. */
  readonly rank: number;
  readonly world: number;
}

/**
 * How many pictures one machine sees in an epoch: its share of the data set, whatever the number of views.
 *
 * With repeated views the authors' sampler rounds the set down to a multiple of 256 first; smaller sets are not rounded here,
 * where it would leave nothing.
 */
export function epochLength({ count, repeats, world }: SamplerOptions): number {
  const rounded = repeats > 1 && count >= 256 ? count - (count % 256) : count;
  return Math.floor(rounded / world);
}

/**
 * The pictures of one machine in one epoch, in order.
 *
 * With repeated views, each picture of a random order stands `repeats` times in a row before the machines take turns, and the
 * epoch keeps its length: so it sees a part of the pictures, and a picture's views fall into one step, on several machines
 * where there are several.
 *
 * Source: Hoffer et al., "Augment your batch" (2020); Berman et al., "MultiGrain" (2019); DeiT's `RASampler`.
 */
export function epochOrder(options: SamplerOptions, random: Random): Uint32Array {
  const { count, repeats, rank, world } = options;
  const shuffled = random.permutation(count);
  return Uint32Array.from(
    { length: epochLength(options) },
    (_, i) => shuffled[Math.floor((i * world + rank) / repeats)]!,
  );
}
