import { type RgbImage, rgbChannels } from '../image/image.js';

/** An `RgbImage` that threads share. */
export interface SharedImage {
  readonly buffer: SharedArrayBuffer;
  readonly width: number;
  readonly height: number;
}

/** What a worker is told about a picture: here it is, or hand it back, or neither. */
export interface MemoryRequest {
  /** Already decoded. */
  readonly pixels?: SharedImage;
  /** Hand the decoded pixels back, for the cache. */
  readonly keepPixels?: boolean;
}

/**
 * Decoded pictures in memory that the workers share, kept by the main thread: those that came first, as far as there is room.
 *
 * Each picture comes about once an epoch, in random order, so that throwing out one for another would gain nothing.
 */
export class MemoryCache {
  readonly #pictures = new Map<number, SharedImage>();
  #bytesLeft: number;
  #full = false;

  constructor(maxBytes: number) {
    this.#bytesLeft = maxBytes;
  }

  /** @param index of the picture in its data set */
  request(index: number): MemoryRequest {
    const pixels = this.#pictures.get(index);
    if (pixels) return { pixels };
    return this.#full ? {} : { keepPixels: true };
  }

  keep(index: number, image: SharedImage): void {
    if (this.#full || this.#pictures.has(index)) return;
    this.#full = image.buffer.byteLength > this.#bytesLeft;
    if (this.#full) return;
    this.#bytesLeft -= image.buffer.byteLength;
    this.#pictures.set(index, image);
  }
}

export function fromShared({ buffer, width, height }: SharedImage): RgbImage {
  return { data: new Uint8Array(buffer), width, height };
}

export function toShared({ data, width, height }: RgbImage): SharedImage {
  const buffer = new SharedArrayBuffer(height * width * rgbChannels);
  new Uint8Array(buffer).set(data);
  return { buffer, width, height };
}
