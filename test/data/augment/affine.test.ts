import { describe, expect, it } from 'vitest';
import { affine, rotate, shearX, shearY, translateX, translateY } from '../../../src/data/augment/affine.js';
import type { RgbImage } from '../../../src/data/image/image.js';
import type { PillowFilter } from '../../../src/data/image/pillowResize.js';
import { pillowInputs } from '../../support/augmentInputs.js';
import { digest } from '../../support/images.js';

const ops = { rotate, shearX, shearY, translateX, translateY };

const fill = [124, 116, 104] as const;

/**
 * Digests of Pillow 11.3.0's results on the four `pillowInputs`: `rotate(degrees, resample, fillcolor=fill)`, and
 * `transform(size, AFFINE, matrix, resample, fillcolor=fill)` for the others, in timm's matrices.
 */
const fromPillow: [op: keyof typeof ops, argument: number, filter: PillowFilter, digests: string][] = [
  ['rotate', 27, 'bilinear', '5e69926ef74a 9994ba8872d3 5c22d0f521d8 24ef90ffdb13'],
  ['rotate', -13.37, 'bilinear', '52b962d3d2ae 6bbb51dc5825 e3dae9cb5018 2038748bdfe5'],
  ['rotate', 0, 'bilinear', '3485180e85a2 5f3011494630 d864c5bfcabb e92cfed80e89'],
  ['rotate', 90.5, 'bilinear', 'b3b346b5e83a c525fffbaef9 713b3f1ee711 016fc830e8fd'],
  ['shearX', 0.27, 'bilinear', 'ad044f9623a0 349990ce7778 3feee063f395 42bd3198204b'],
  ['shearY', 0.27, 'bilinear', 'dfff3c915879 90eb58bc727f f42b98de54e4 b5efe9e37036'],
  ['shearX', -0.131, 'bilinear', '84978c15983c ce40ed259a1f 90900adcb247 f35754cb1e90'],
  ['shearY', -0.131, 'bilinear', '8e7b73e68a49 c961006d5850 bb836d7bc0be 6ecfc025baa0'],
  ['translateX', 0.405, 'bilinear', '2df1dfdb85d1 7583d1e2159f 71d884c2724f 3324a48a5264'],
  ['translateY', 0.405, 'bilinear', 'fe7a48eb1b7e 06dc79b14203 c77ff86e1d7d fa35a31e7ee2'],
  ['translateX', -0.2, 'bilinear', '7bee6b54a9be 97616ac0d484 a54e5cc6ae3d 1865b5f8a963'],
  ['translateY', -0.2, 'bilinear', '24b258d85b19 a9ab8f00a9d5 045ace5c5ebc 9fc67b8f2c8a'],
  ['translateX', -0.45, 'bilinear', 'b7b61cdc4c14 aedf8c6fa26e 685fa05788fa 69ffa6c0ffc6'],
  ['translateY', -0.45, 'bilinear', 'e2a189da7041 c18c0e01c1c9 ed5688389b69 6a0706d0d200'],
  ['rotate', 27, 'bicubic', '0d4031a9de35 5ee0c0a986f7 0c1ced224802 a8e434a18a86'],
  ['rotate', -13.37, 'bicubic', 'a2d955519808 352e2d680dca f5da7d9fd0d2 bf1ac77a9400'],
  ['rotate', 0, 'bicubic', '3485180e85a2 5f3011494630 d864c5bfcabb e92cfed80e89'],
  ['rotate', 90.5, 'bicubic', '9e30aa73cefc 4110e53efddb c711a88fe6a1 881c0a2ed39d'],
  ['shearX', 0.27, 'bicubic', '5700d1cec863 1fa62c925ee7 0ffe50c64b8d 5ecb00844b32'],
  ['shearY', 0.27, 'bicubic', '9e0222bf2310 6a039fac776c 690631292932 54c913b83242'],
  ['shearX', -0.131, 'bicubic', '7c3dc7d8dbd9 780073a836bf d1f1f123199a f8b46efa605f'],
  ['shearY', -0.131, 'bicubic', 'a2532cf41921 92a181c1aff3 88bd412305b9 ab941a74c46e'],
  ['translateX', 0.405, 'bicubic', 'e2b22e408c40 c83f77049933 0859f263027c 3324a48a5264'],
  ['translateY', 0.405, 'bicubic', '662a98bcd37f 2e1a264a2222 c77ff86e1d7d fa35a31e7ee2'],
  ['translateX', -0.2, 'bicubic', '6dd87834a23f 01696c79a3f5 e1d283ee58af 1865b5f8a963'],
  ['translateY', -0.2, 'bicubic', 'f076f1f58064 a2db17d3bfd2 e31e9899b8d6 9fc67b8f2c8a'],
  ['translateX', -0.45, 'bicubic', '8a51600666b8 34f03ddaa26f 21ec86b9d0e5 3954a78170cf'],
  ['translateY', -0.45, 'bicubic', '30faa3760c88 30a569bbeeb5 fd2f13c32a8a 6a0706d0d200'],
];

const row = (...values: number[]): RgbImage => ({
  data: Uint8Array.from(values.flatMap((value) => [value, value, value])),
  width: values.length,
  height: 1,
});

describe('affine operations', () => {
  it.each(fromPillow)('%s %f %s, as Pillow', (op, argument, filter, digests) => {
    const results = pillowInputs.map((image) => ops[op](image, argument, { filter, fill }));
    expect(results.map(digest).join(' ')).toBe(digests);
  });

  it('a shift of two pixels moves them and fills the rest', () => {
    const moved = translateX(row(10, 20, 30, 40), 0.5, { filter: 'bicubic', fill });
    expect([...moved.data]).toEqual([30, 30, 30, 40, 40, 40, ...fill, ...fill]);
  });

  it('an impulse of 200 on 20, seen at quarter pixels, overshoots as a cubic with a = -1 and is cut', () => {
    const impulse = row(20, 20, 20, 200, 20, 20, 20);
    const at = (shift: number) =>
      affine(impulse, [1, 0, shift, 0, 1, 0], { filter: 'bicubic', fill }).data.filter((_, i) => i % 3 === 0);
    // Twice the size reads at -1/4 and +1/4 of each pixel, in turn.
    const doubled = Array.from({ length: 5 }, (_, i) => [at(-0.25)[i + 1]!, at(0.25)[i + 1]!]).flat();
    expect(doubled).toEqual([20, 11, 0, 73, 180, 180, 73, 0, 11, 20]);
  });
});
