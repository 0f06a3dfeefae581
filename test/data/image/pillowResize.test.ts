import { describe, expect, it } from 'vitest';
import type { RgbImage } from '../../../src/data/image/image.js';
import { type PillowFilter, pillowResize } from '../../../src/data/image/pillowResize.js';
import { digest, noiseImage } from '../../support/images.js';

/** Pixels of one row, the same in the three channels. */
function row(values: number[]): RgbImage {
  return { data: Uint8Array.from(values.flatMap((v) => [v, v, v])), width: values.length, height: 1 };
}

const red = ({ data }: RgbImage) => Array.from(data.filter((_, i) => i % 3 === 0));

describe('pillowResize', () => {
  const values = [0, 255, 0, 255, 10, 20, 30, 200];
  it.each<[string, PillowFilter, number, number[]]>([
    ['8 -> 3 shrinks with the filter widened', 'bicubic', 3, [117, 92, 76]],
    ['8 -> 3', 'bilinear', 3, [121, 92, 75]],
    ['8 -> 20', 'bicubic', 20, [0, 17, 135, 248, 200, 55, 7, 127, 247, 210, 81, 1, 0, 18, 18, 15, 42, 121, 190, 217]],
  ])('%s, %s', (_, filter, width, expected) => {
    expect(red(pillowResize(row(values), { width, height: 1, filter }))).toEqual(expected);
  });

  it('an impulse of 200 on 20, doubled, overshoots as a cubic with a = -0.5', () => {
    const doubled = red(pillowResize(row([20, 20, 20, 200, 20, 20, 20]), { width: 14, height: 1, filter: 'bicubic' }));
    expect(doubled.slice(2, 12)).toEqual([20, 16, 7, 61, 176, 176, 61, 7, 16, 20]);
  });

  // First 12 digits of the SHA-256 of what Pillow 11.3.0 gives, `Image.fromarray(noise).resize((W, H), filter).tobytes()`.
  it.each<[number, number, number, number, PillowFilter, string]>([
    [37, 29, 16, 16, 'bilinear', 'e9889811cde4'],
    [37, 29, 16, 16, 'bicubic', '980825796129'],
    [16, 12, 33, 41, 'bilinear', '5f06968f0df5'],
    [16, 12, 33, 41, 'bicubic', 'd5d317bc33bf'],
    [20, 20, 20, 7, 'bilinear', '6a90b4a93299'],
    [20, 20, 20, 7, 'bicubic', '18fbc50b6cec'],
    [20, 20, 9, 20, 'bilinear', '5772fcd5e963'],
    [20, 20, 9, 20, 'bicubic', '76221c506f80'],
    [64, 48, 64, 48, 'bilinear', '2f7e173694df'],
    [64, 48, 64, 48, 'bicubic', '2f7e173694df'],
    [5, 3, 40, 1, 'bilinear', 'baf868d2d024'],
    [5, 3, 40, 1, 'bicubic', 'e96ebcaa555b'],
    [1, 1, 7, 5, 'bilinear', '1f8a1a7a686b'],
    [1, 1, 7, 5, 'bicubic', '1f8a1a7a686b'],
    [300, 200, 37, 25, 'bilinear', '0e67d8f26714'],
    [300, 200, 37, 25, 'bicubic', 'c1582ecafcab'],
    [50, 40, 51, 39, 'bilinear', '4f32db233af1'],
    [50, 40, 51, 39, 'bicubic', '6430e4377569'],
  ])('%i x %i -> %i x %i %s, noise, as Pillow', (width, height, toWidth, toHeight, filter, expected) => {
    const resized = pillowResize(noiseImage(width, height), { width: toWidth, height: toHeight, filter });
    expect(resized).toMatchObject({ width: toWidth, height: toHeight });
    expect(digest(resized)).toBe(expected);
  });

  it('a source rectangle reads as a crop made first: nothing outside it shows', () => {
    const source = { left: 5, top: 3, width: 23, height: 17 };
    const resized = pillowResize(noiseImage(40, 30), { width: 16, height: 16, filter: 'bicubic', source });
    expect(digest(resized)).toBe('adc0d9eaf33e'); // Pillow: crop((5, 3, 28, 20)).resize((16, 16), BICUBIC)
  });

  it.each<[number, number]>([
    [31, 23],
    [80, 70],
    [50, 23],
    [31, 40],
  ])('a window is the crop of the whole result, 50 x 40 -> %i x %i', (width, height) => {
    const image = noiseImage(50, 40);
    const whole = pillowResize(image, { width, height, filter: 'bicubic' });
    const window = { left: 4, top: 6, width: 20, height: 15 };
    const part = pillowResize(image, { width, height, filter: 'bicubic', window });
    const cropped = Array.from({ length: 15 }, (_, y) => [
      ...whole.data.subarray(((y + 6) * width + 4) * 3, ((y + 6) * width + 24) * 3),
    ]);
    expect([...part.data]).toEqual(cropped.flat());
  });

  it('a window that leaves the result is refused', () => {
    const window = { left: 10, top: 0, width: 10, height: 5 };
    expect(() =>
      pillowResize(row(values), { width: 16, height: 5, filter: 'bilinear', window }),
    ).toThrowErrorMatchingInlineSnapshot(
      `[RangeError: pillowResize: window 10 x 5 at (10, 0) is empty or leaves 16 x 5]`,
    );
  });
});
