import { describe, expect, it } from 'vitest';
import {
  arrayFromBytes,
  copyStrided,
  elementCount,
  inverseAxes,
  permuteAxes,
  permuted,
  toFloat16,
  toFloat32,
} from '../../src/formats/namedArray.js';

const halves = (...bits: number[]) => ({ shape: [bits.length], data: Uint16Array.from(bits) });

describe('toFloat32', () => {
  it('F16: zeros, subnormals, normals, the largest, infinities', () => {
    const bits = halves(0x0000, 0x8000, 0x0001, 0x83ff, 0x0400, 0x3c00, 0xc000, 0x3555, 0x7bff, 0x7c00, 0xfc00);
    expect([...toFloat32({ dtype: 'F16', ...bits })]).toEqual([
      0,
      -0,
      2 ** -24,
      -1023 * 2 ** -24,
      2 ** -14,
      1,
      -2,
      (1 + 0x155 / 1024) / 4, // the half nearest to 1/3
      65504,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
    ]);
  });

  it('F16: the 31,744 finite positive numbers, in order of their bits, grow', () => {
    const values = toFloat32({ dtype: 'F16', ...halves(...Array.from({ length: 0x7c00 }, (_, bits) => bits)) });
    expect(values.every((value, bits) => bits === 0 || value > values[bits - 1]!)).toBe(true);
  });

  it('F16 and BF16: not a number stays so', () => {
    expect([...toFloat32({ dtype: 'F16', ...halves(0x7e00, 0xfc01) })]).toEqual([Number.NaN, Number.NaN]);
    expect([...toFloat32({ dtype: 'BF16', ...halves(0x7fc0) })]).toEqual([Number.NaN]);
  });

  it('BF16: the upper half of a float', () => {
    const values = toFloat32({ dtype: 'BF16', ...halves(0x3f80, 0xc049, 0x0001, 0xff80) });
    expect([...values]).toEqual([1, -3.140625, 2 ** -133, Number.NEGATIVE_INFINITY]);
  });

  it('F32: the same memory', () => {
    const data = Float32Array.of(1, 2);
    expect(toFloat32({ dtype: 'F32', shape: [2], data })).toBe(data);
  });

  it('F64 and whole numbers: the nearest float', () => {
    expect([...toFloat32({ dtype: 'F64', shape: [1], data: Float64Array.of(1 / 3) })]).toEqual([Math.fround(1 / 3)]);
    expect([...toFloat32({ dtype: 'I64', shape: [2], data: BigInt64Array.of(-5n, 1n << 40n) })]).toEqual([-5, 2 ** 40]);
    expect([...toFloat32({ dtype: 'BOOL', shape: [2], data: Uint8Array.of(1, 0) })]).toEqual([1, 0]);
  });
});

describe('elementCount', () => {
  it('no axes: one element', () => expect(elementCount([])).toBe(1));
  it('a side of 0: none', () => expect(elementCount([0, 3])).toBe(0));
  it('more than a double can count: NaN', () => expect(elementCount([2 ** 30, 2 ** 30])).toBeNaN());
});

describe('arrayFromBytes', () => {
  it('little-endian', () => {
    const array = arrayFromBytes('I32', [2], Uint8Array.of(1, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff));
    expect(array).toEqual({ dtype: 'I32', shape: [2], data: Int32Array.of(1, -2) });
  });
});

describe('copyStrided', () => {
  const gather = (source: number[], shape: number[], strides: number[]) => {
    const target = new Float32Array(elementCount(shape));
    copyStrided(Float32Array.from(source), target, shape, strides);
    return [...target];
  };
  it('[2, 3] transposed, strides (1, 2)', () =>
    expect(gather([0, 1, 2, 3, 4, 5], [2, 3], [1, 2])).toEqual([0, 2, 4, 1, 3, 5]));
  it('stride 0 repeats', () => expect(gather([7, 8], [2, 2], [1, 0])).toEqual([7, 7, 8, 8]));
  it('every third', () => expect(gather([0, 1, 2, 3, 4, 5, 6], [3], [3])).toEqual([0, 3, 6]));
  it('no axes', () => expect(gather([9], [], [])).toEqual([9]));
  it('no elements', () => expect(gather([], [0, 3], [3, 1])).toEqual([]));
});

describe('permuted', () => {
  it('halves become floats, axes change places', () => {
    const array = { dtype: 'F16', shape: [1, 2], data: Uint16Array.of(0x3c00, 0x4000) } as const;
    expect(permuted(array, [1, 0])).toEqual({ dtype: 'F32', shape: [2, 1], data: Float32Array.of(1, 2) });
  });

  it('another number of axes, or no order: the shape stays', () => {
    const array = { dtype: 'F32', shape: [2], data: Float32Array.of(1, 2) } as const;
    expect(permuted(array, [1, 0])).toEqual(array);
    expect(permuted(array, undefined)).toEqual(array);
  });
});

describe('permuteAxes', () => {
  it('64-bit whole numbers stay what they are', () => {
    expect(permuteAxes(BigInt64Array.of(1n, 2n, 3n, 4n), [2, 2], [1, 0])).toEqual(BigInt64Array.of(1n, 3n, 2n, 4n));
  });

  it('[2, 2, 1, 3] to [1, 3, 2, 2], by hand', () => {
    // data[o, i, 0, x] = 6 o + 3 i + x → permuted[0, x, i, o]
    const data = Float32Array.from({ length: 12 }, (_, i) => i);
    const expected = [0, 6, 3, 9, 1, 7, 4, 10, 2, 8, 5, 11];
    expect([...permuteAxes(data, [2, 2, 1, 3], [2, 3, 1, 0])]).toEqual(expected);
  });

  it('a permutation and its inverse: the same array', () => {
    const data = Float32Array.from({ length: 120 }, (_, i) => i);
    const there = permuteAxes(data, [2, 3, 4, 5], [2, 3, 1, 0]);
    expect(permuteAxes(there, [4, 5, 3, 2], inverseAxes([2, 3, 1, 0]))).toEqual(data);
  });
});

describe('float16 bits', () => {
  it.each([
    [0, 0x0000],
    [-0.5, 0xb800],
    [1, 0x3c00],
    [65504, 0x7bff],
    [1e6, 0x7bff], // beyond the largest
    [2 ** -24, 0x0001], // the smallest
    [2 ** -25, 0x0000], // half of it: to even
    [1 + 2 ** -11, 0x3c00], // a tie: to even
    [1 + 3 * 2 ** -11, 0x3c02],
    [2 - 2 ** -12, 0x4000], // rounds up to the next power of two
  ])('%f', (value, bits) => {
    expect([...toFloat16(Float32Array.of(value))]).toEqual([bits]);
  });

  it('every finite number of 16 bits comes back', () => {
    const bits = Uint16Array.from({ length: 0x7c00 }, (_, i) => i);
    expect(toFloat16(toFloat32({ dtype: 'F16', shape: [bits.length], data: bits }))).toEqual(bits);
  });
});
