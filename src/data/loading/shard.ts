/**
 * How the pictures of one update are shared out: the same words for processes that train together and for the parts of an
 * accumulated update.
 *
 * - A *global batch* is what one update learns from. It is planned from seed and epoch, and its size is all that the plan knows of
 *   how it is made. What is drawn for a picture follows from its position, never from who makes it.
 * - A *part* is what goes through the network at once: `batchSize` pictures. With `count` processes that accumulate `accumulate`
 *   batches each, a global batch has `count` × `accumulate` parts.
 * - Parts are dealt like cards: the entry at position i belongs to part i mod (number of parts). So neighbours of the plan part:
 *   the views of one picture (repeated augmentation) go to different parts, as the authors' `RASampler` deals them to devices.
 * - Process `index` of `count` makes part index × `accumulate` + t at its turn t = 0 … `accumulate` - 1. What all processes make at
 *   one turn is then what a single one would make at it, with a batch `count` times as large: entry i of that batch is with process
 *   i mod `count`. So statistics that the processes take together do not depend on their number either.
 *
 * Two processes with batches of 4, one with 8, and one with 4 that accumulates two, see the same pictures, cut, mirrored and mixed
 * alike, in the same updates. `batchSize` × `accumulate` × `count` decides the plan, and is the batch that learning rates scale with.
 */

/** The one at `index` (from 0) of `count` equal shares. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

export interface Sharing {
  /** Pictures that go through the network at once. */
  readonly batchSize: number;
  /** This process and the number of those that work together. Default: one alone. */
  readonly shard?: Shard;
  /** Parts of a global batch that this process makes, one after the other. Default 1. */
  readonly accumulate?: number;
}

const alone: Shard = { index: 0, count: 1 };

/** Pictures of a global batch. */
export function globalBatchSize({ batchSize, shard = alone, accumulate = 1 }: Sharing): number {
  return batchSize * shard.count * accumulate;
}

/** Whether other processes have a part of each batch. */
export function isShared({ shard = alone }: Pick<Sharing, 'shard'>): boolean {
  return shard.count > 1;
}

/** The parts of each global batch that a process makes, in the order of its turns. */
export function partsOf({ shard = alone, accumulate = 1 }: Sharing): Shard[] {
  const count = shard.count * accumulate;
  return Array.from({ length: accumulate }, (_, turn) => ({ index: shard.index * accumulate + turn, count }));
}

/** The entries of a part, in order. Every entry belongs to one part. */
export function deal<T>(entries: readonly T[], { index, count }: Shard): T[] {
  return entries.filter((_, i) => i % count === index);
}

/** How many of the first `length` entries belong to a part. */
export function dealtLength(length: number, { index, count }: Shard): number {
  return Math.max(0, Math.ceil((length - index) / count));
}
