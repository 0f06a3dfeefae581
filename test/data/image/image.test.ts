import { expect, it } from 'vitest';
import { cutOut, type PixelRect } from '../../../src/data/image/image.js';
import { noiseImage } from '../../support/images.js';

it.each<[string, PixelRect]>([
  ['everything', { left: 0, top: 0, width: 20, height: 10 }],
  ['whole rows', { left: 0, top: 3, width: 20, height: 4 }],
  ['whole columns', { left: 5, top: 0, width: 3, height: 10 }],
  ['a corner', { left: 19, top: 9, width: 1, height: 1 }],
  ['the middle', { left: 3, top: 2, width: 9, height: 5 }],
])('cutOut: %s', (_, rect) => {
  const image = noiseImage(20, 10);
  const pixel = (x: number, y: number) => [...image.data.subarray((y * 20 + x) * 3, (y * 20 + x + 1) * 3)];
  const expected = Array.from({ length: rect.height }, (_, y) =>
    Array.from({ length: rect.width }, (_, x) => pixel(rect.left + x, rect.top + y)),
  );
  const part = cutOut(image, rect);
  expect([part.width, part.height]).toEqual([rect.width, rect.height]);
  expect([...part.data]).toEqual(expected.flat(2));
});
