import { expect, it } from 'vitest';
import { pixelMemory, recycle } from '../../../src/data/image/pixelMemory.js';

const picture = (bytes: number) => ({ data: pixelMemory(bytes), width: bytes / 3, height: 1 });

it('memory that was given back is used again by what fits into it, once', () => {
  const first = picture(3000);
  recycle(first);
  recycle(first); // twice changes nothing
  const [second, third] = [pixelMemory(900), pixelMemory(900)];
  expect([second.length, third.length]).toEqual([900, 900]);
  expect(second.buffer).toBe(first.data.buffer);
  expect(third.buffer).not.toBe(first.data.buffer);
});

it('of many, the largest four stay', () => {
  const many = [1, 2, 3, 4, 5, 6].map((i) => picture(30_000 * i));
  for (const each of many) recycle(each);
  const again = new Set([1, 2, 3, 4].map(() => pixelMemory(90_000).buffer));
  expect(again).toEqual(new Set(many.slice(2).map(({ data }) => data.buffer)));
});

it('memory from elsewhere is left alone: it may be part of something else, as small Buffers are', () => {
  const pooled = Buffer.from('0123456789ab');
  recycle({ data: pooled, width: 4, height: 1 });
  recycle({ data: new Uint8Array(new SharedArrayBuffer(12)), width: 4, height: 1 });
  expect(pixelMemory(12).buffer).not.toBe(pooled.buffer);
});
