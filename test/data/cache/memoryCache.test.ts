import { expect, it } from 'vitest';
import { fromShared, MemoryCache, toShared } from '../../../src/data/cache/memoryCache.js';
import { noiseImage } from '../../support/images.js';

const picture = (width: number) => toShared(noiseImage(width, 10));

it('shared memory holds the same picture', () => {
  expect(fromShared(picture(7))).toEqual(noiseImage(7, 10));
});

it('keeps what comes first as far as there is room, and then asks for no more', () => {
  const cache = new MemoryCache(2 * 10 * 10 * 3);
  const [first, second] = [picture(10), picture(10)];
  expect(cache.request(0)).toEqual({ keepPixels: true });
  cache.keep(0, first);
  cache.keep(0, picture(10)); // twice in a batch: counts once
  cache.keep(5, second);
  expect(cache.request(7)).toEqual({ keepPixels: true }); // full to the byte, which nobody has noticed
  cache.keep(7, picture(1));
  expect(cache.request(8)).toEqual({});
  expect(cache.request(0).pixels).toBe(first);
  expect(cache.request(5).pixels).toBe(second);
  expect(cache.request(7)).toEqual({});
});
