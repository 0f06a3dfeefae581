import type { RgbImage } from './image.js';

/** Memory of pictures that are done with, for the next ones: getting it anew costs a tenth of what decoding does. */
const free: Uint8Array<ArrayBuffer>[] = [];
const mostFree = 4;
/** Larger ones are rare, and are let go. */
const largestFree = 16 * 2 ** 20;
/** What comes from here: other memory may be part of something else. */
const ours = new WeakSet<ArrayBuffer>();

/** Memory for a picture. What is in it is not defined. */
export function pixelMemory(bytes: number): Uint8Array<ArrayBuffer> {
  const place = free.findIndex(({ length }) => length >= bytes);
  const memory = place < 0 ? new Uint8Array(bytes) : free.splice(place, 1)[0]!;
  ours.add(memory.buffer);
  return memory.subarray(0, bytes);
}

/**
 * Gives the memory of a decoded picture to the next ones of this thread, where it came from `pixelMemory`. For whoever is alone in
 * having the picture, and is done with it.
 */
export function recycle({ data: { buffer } }: RgbImage): void {
  if (!(buffer instanceof ArrayBuffer) || !ours.delete(buffer) || buffer.byteLength > largestFree) return;
  free.push(new Uint8Array(buffer));
  if (free.length <= mostFree) return;
  const sizes = free.map(({ length }) => length);
  free.splice(sizes.indexOf(Math.min(...sizes)), 1);
}
