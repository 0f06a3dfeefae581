import { describe, expect, it } from 'vitest';
import {
  adjustBrightness,
  adjustColor,
  adjustContrast,
  adjustSharpness,
  autoContrast,
  equalize,
  invert,
  posterize,
  solarize,
  solarizeAdd,
} from '../../../src/data/augment/pixelOps.js';
import type { RgbImage } from '../../../src/data/image/image.js';
import { pillowInputs } from '../../support/augmentInputs.js';
import { digest } from '../../support/images.js';

const ops = {
  adjustBrightness,
  adjustColor,
  adjustContrast,
  adjustSharpness,
  autoContrast,
  equalize,
  invert,
  posterize,
  solarize,
  solarizeAdd,
};

/**
 * Digests of Pillow 11.3.0's results on the four `pillowInputs`: `ImageOps.{autocontrast,equalize,invert,posterize,solarize}`,
 * `ImageEnhance.{Color,Contrast,Brightness,Sharpness}(image).enhance(factor)`, and a `point` table for solarizeAdd.
 */
const fromPillow: [op: keyof typeof ops, argument: number, digests: string][] = [
  ['autoContrast', 0, '3485180e85a2 f12aadb575c4 b2adbe3ecbae 9156575f6a7a'],
  ['equalize', 0, '30e16bf2b2f3 33d56308da89 067334640eaf e92cfed80e89'],
  ['invert', 0, '21b10c4d151d 5bff2d32c607 99fc2912710c d959f476ff85'],
  ['posterize', 0, '12415756874a 12415756874a 12415756874a bd50e12c55dd'],
  ['posterize', 1, '6c871220b492 12415756874a 9b9bc81a0a05 7b387fbceb68'],
  ['posterize', 4, 'e56eb255b92c 77ca282234b4 d41dadfe3e35 ace003a029c8'],
  ['solarize', 0, '21b10c4d151d 5bff2d32c607 99fc2912710c d959f476ff85'],
  ['solarize', 26, '4c9c1bb0d6a4 5bff2d32c607 c73246d4b0ab 13537964f295'],
  ['solarize', 256, '3485180e85a2 5f3011494630 d864c5bfcabb e92cfed80e89'],
  ['solarizeAdd', 99, '400ed45f58d8 3e52b26b0997 efd5ec56be6c a8fb1acab60a'],
  ['solarizeAdd', 110, '4c303e4aaf18 9a59db624362 9e5ff38a288e e5609b9a7349'],
  ['adjustColor', 0.1, '3a5ee61e3a01 315d8ae0ae8e 6be83d7110ed 51c21867d1e7'],
  ['adjustContrast', 0.1, '26ec9b8f5fa3 4ec9996dfded 9dc090200cdc 87ff5a5c333e'],
  ['adjustBrightness', 0.1, '93bc9e0f3a50 a908e647092b e88281998d85 b378c28479d1'],
  ['adjustSharpness', 0.1, '347bfd8c6e2d ab58b02a6adc d864c5bfcabb e92cfed80e89'],
  ['adjustColor', 0.19, '9ef8ad6b69c5 e4249fced44b 8179f1fb60e6 507985b4e069'],
  ['adjustContrast', 0.19, '079d1655b74d 9ec341be5f54 1ddc7cbc2686 99c51e6a28b8'],
  ['adjustBrightness', 0.19, '5e04a1524c53 b161797ba254 c3cb9dda2e68 f77798e6c1a5'],
  ['adjustSharpness', 0.19, '5b8ddfbfecf5 0766177e31f6 d864c5bfcabb e92cfed80e89'],
  ['adjustColor', 0.7321, 'd5b7e687c96c 880df03c0ff5 5d5054967201 ab4fdc1402da'],
  ['adjustContrast', 0.7321, '53be8b71402b b77194b8e2b4 7b5246b9951e 5a813b384e9c'],
  ['adjustBrightness', 0.7321, '20e67718b53a 8912b8b594f1 a22565aaa62f 3a626362a14d'],
  ['adjustSharpness', 0.7321, 'f1745c3a841d b43ca13c6043 d864c5bfcabb e92cfed80e89'],
  ['adjustColor', 1.0, '3485180e85a2 5f3011494630 d864c5bfcabb e92cfed80e89'],
  ['adjustContrast', 1.0, '3485180e85a2 5f3011494630 d864c5bfcabb e92cfed80e89'],
  ['adjustBrightness', 1.0, '3485180e85a2 5f3011494630 d864c5bfcabb e92cfed80e89'],
  ['adjustSharpness', 1.0, '3485180e85a2 5f3011494630 d864c5bfcabb e92cfed80e89'],
  ['adjustColor', 1.3333, 'f0f15e9d8c18 534ce90b9474 f77c3263daa3 312957f98c87'],
  ['adjustContrast', 1.3333, 'cbe387e79d68 0115bb1e5c66 c3fd62515f45 d786fed8a6b5'],
  ['adjustBrightness', 1.3333, 'f6078689faf6 2460c670e425 d1bdd4aba285 f600838b8301'],
  ['adjustSharpness', 1.3333, 'e7dec1a33b52 3a9f5d0357e3 d864c5bfcabb e92cfed80e89'],
  ['adjustColor', 1.81, '0ae37cf08243 f44cf88ba118 49dbfc18ba23 3aede9ee18ce'],
  ['adjustContrast', 1.81, '6eb7615a3176 6c6d41537abd edacf6613b1a 02daf6e9fa49'],
  ['adjustBrightness', 1.81, '741a25c3d2d8 262063bb98a7 d288e85cff1e d9f3882e1169'],
  ['adjustSharpness', 1.81, 'ec7f21ff7434 c32a0dfdad58 d864c5bfcabb e92cfed80e89'],
  ['adjustColor', 1.9, '26c64f1bb426 fbb442cbeb25 7720197bdc8e 5d9e173c15a2'],
  ['adjustContrast', 1.9, '6941f1598d0b f4b17fc52a42 8266274cf400 b9603ccc0013'],
  ['adjustBrightness', 1.9, '19e1300b78f7 adb08c34eacc 937e4385bbd6 f07f2b353a18'],
  ['adjustSharpness', 1.9, '9d9895ff7853 bb69bae3b119 d864c5bfcabb e92cfed80e89'],
];

/** One pixel a value, the same in the three channels. */
function pixels(...values: number[]): RgbImage {
  return { data: Uint8Array.from(values.flatMap((value) => [value, value, value])), width: values.length, height: 1 };
}

const red = ({ data }: RgbImage) => Array.from(data.filter((_, i) => i % 3 === 0));

describe('pixel operations', () => {
  it.each(fromPillow)('%s %f, as Pillow', (op, argument, digests) => {
    expect(pillowInputs.map((image) => digest(ops[op](image, argument))).join(' ')).toBe(digests);
  });

  it('autoContrast maps 50 .. 150 to 0 .. 255, by int(value * 2.55 - 127.5)', () => {
    expect(red(autoContrast(pixels(50, 51, 100, 150)))).toEqual([0, 2, 127, 255]);
  });

  it.each([autoContrast, equalize])('%o leaves a picture of one colour', (op) => {
    expect(red(op(pixels(...new Array<number>(600).fill(77))))).toEqual(new Array(600).fill(77));
  });

  it('equalize of 256 pixels, one of each value, has step 1 and stays', () => {
    const all = Array.from({ length: 256 }, (_, value) => value);
    expect(red(equalize(pixels(...all)))).toEqual(all);
  });

  it('posterize to 0 bits is black, to 1 bit keeps 128', () => {
    expect(red(posterize(pixels(0, 127, 128, 255), 0))).toEqual([0, 0, 0, 0]);
    expect(red(posterize(pixels(0, 127, 128, 255), 1))).toEqual([0, 0, 128, 128]);
  });

  it('solarize keeps values below its threshold: 256 all, 0 none', () => {
    expect(red(solarize(pixels(0, 25, 26, 255), 26))).toEqual([0, 25, 229, 0]);
    expect(red(solarize(pixels(0, 255), 256))).toEqual([0, 255]);
    expect(red(solarize(pixels(0, 255), 0))).toEqual([255, 0]);
  });

  it('solarizeAdd adds below 128 alone', () => {
    expect(red(solarizeAdd(pixels(0, 127, 128, 200), 110))).toEqual([110, 237, 128, 200]);
  });

  it('the input is left alone', () => {
    const image = pillowInputs[0]!;
    const before = digest(image);
    for (const [op, argument] of fromPillow) ops[op](image, argument);
    expect(digest(image)).toBe(before);
  });
});
