import type { Size } from '../../geometry/size.js';
import type { BrokenPicture } from '../image/brokenPicture.js';
import type { DetectionRecord } from './dataset.js';
import type { LoadedPicture } from './loadPicture.js';

export interface DetectionBatch {
  /** [B, H, W, 3] 8-bit sRGB, black outside of the pictures. Valid until the next batch is asked for: its memory is used again. */
  readonly images: Uint8Array;
  readonly batchSize: number;
  /** Padded, multiples of 32. */
  readonly height: number;
  readonly width: number;
  /** [B, 2] height and width of the pictures before padding. */
  readonly inputSizes: Int32Array;
  /** [B]; of a mosaic, its first picture. */
  readonly records: readonly DetectionRecord[];
  /** [B] times [G, 4] xyxy in input pixels. */
  readonly boxes: readonly Float32Array[];
  /** [B] times [G] */
  readonly labels: readonly Int32Array[];
  /** The first `distinct` entries are different pictures; the others repeat them, so that every batch has one size. */
  readonly distinct: number;
}

/**
 * The batch out of what the workers made of it. Broken pictures leave no gap: the good ones move up and then repeat.
 *
 * @param images [B, H, W, 3] that the workers have filled
 * @param distinct how many of the records are different ones
 * @returns undefined when no picture is good
 */
export function assembleBatch(
  images: Uint8Array,
  { width, height }: Size,
  records: readonly DetectionRecord[],
  outcomes: readonly (LoadedPicture | BrokenPicture)[],
  distinct: number,
): DetectionBatch | undefined {
  const good = outcomes.flatMap((outcome, place) => ('reason' in outcome ? [] : [{ ...outcome, place }]));
  if (good.length === 0) return undefined;
  closeUp(
    images,
    outcomes.length,
    good.map(({ place }) => place),
  );
  const entries = outcomes.map((_, place) => good[place % good.length]!);
  return {
    images,
    batchSize: outcomes.length,
    height,
    width,
    inputSizes: Int32Array.from(entries.flatMap(({ input }) => [input.height, input.width])),
    records: entries.map(({ place }) => records[place]!),
    boxes: entries.map(({ boxes }) => boxes),
    labels: entries.map(({ labels }) => labels),
    distinct: good.filter(({ place }) => place < distinct).length,
  };
}

/** Moves the pictures at `good`, which rises, to the front and repeats them; none is overwritten before it has moved. */
function closeUp(images: Uint8Array, batchSize: number, good: readonly number[]): void {
  const bytes = images.length / batchSize;
  const copy = (to: number, from: number) => {
    if (to !== from) images.copyWithin(to * bytes, from * bytes, (from + 1) * bytes);
  };
  for (const [place, from] of good.entries()) copy(place, from);
  for (let place = good.length; place < batchSize; place++) copy(place, place % good.length);
}
