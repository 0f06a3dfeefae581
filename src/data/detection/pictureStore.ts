import type { DetectionRecord } from '../detectionDataset.js';
import { rgbChannels } from '../image/image.js';
import type { CacheOptions } from './loaderOptions.js';
import type { PictureSource, SharedImage } from './loadPicture.js';

/**
 * Says where each picture comes from: its file, or one of the caches.
 *
 * Which pictures a cache has room for is fixed in advance, from the first record on. Pictures come once an epoch in random order,
 * so that throwing out one for another would gain nothing.
 */
export class PictureStore {
  readonly #records: readonly DetectionRecord[];
  readonly #cache: CacheOptions | undefined;
  readonly #cacheable: number;
  readonly #pixels = new Map<number, SharedImage>();

  constructor(records: readonly DetectionRecord[], cache: CacheOptions | undefined) {
    this.#records = records;
    this.#cache = cache;
    this.#cacheable = cache ? countCacheable(records, cache.maxBytes) : 0;
  }

  source(index: number): PictureSource {
    const { file, boxes, labels } = this.#records[index]!;
    if (index >= this.#cacheable) return { file, boxes, labels };
    if (this.#cache?.kind === 'disk') return { file, boxes, labels, onDisk: true };
    const pixels = this.#pixels.get(index);
    return pixels ? { file, boxes, labels, pixels } : { file, boxes, labels, keepPixels: true };
  }

  keep(index: number, pixels: SharedImage): void {
    this.#pixels.set(index, pixels);
  }
}

/** How many records from the first on fit into so many bytes. */
export function countCacheable(records: readonly DetectionRecord[], maxBytes: number): number {
  let bytes = 0;
  const count = records.findIndex(({ width, height }) => {
    bytes += width * height * rgbChannels;
    return bytes > maxBytes;
  });
  return count < 0 ? records.length : count;
}
