import { describe, expect, it } from 'vitest';
import { decode, encode } from '../../src/detection/coder.js';
import { Random } from '../../src/random.js';

const anchor = Float32Array.of(10, 20, 42, 84);

/** Each number within a few units of single precision of torch's. */
function expectClose(actual: Iterable<number>, expected: readonly number[]) {
  const values = [...actual];
  expect(values).toHaveLength(expected.length);
  for (const [i, value] of values.entries())
    expect(Math.abs(value - expected[i]!)).toBeLessThan(3e-7 * Math.abs(expected[i]!));
}

describe('encode', () => {
  it('gives what torch gives', () => {
    const deltas = new Float32Array(4);
    encode(anchor, 0, Float32Array.of(12, 18, 50, 90), 0, deltas);
    // dx = (31 - 26) / 32, dy = (54 - 52) / 64, dw = ln(38 / 32), dh = ln(72 / 64)
    expectClose(deltas, [0.15625, 0.03125, 0.1718502641, 0.1177830324]);
  });

  it('writes at the place of the anchor', () => {
    const anchors = Float32Array.of(0, 0, 1, 1, ...anchor);
    const deltas = new Float32Array(8);
    encode(anchors, 1, Float32Array.of(0, 0, 9, 9, ...anchor), 1, deltas);
    expect([...deltas]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    encode(anchors, 1, Float32Array.of(12, 18, 50, 90), 0, deltas);
    expect([...deltas.subarray(0, 5)]).toEqual([0, 0, 0, 0, 0.15625]);
  });
});

describe('decode', () => {
  it('gives what torch gives; dh is clamped from 10 to ln(1000 / 16)', () => {
    const box = decode(anchor, 0, Float32Array.of(0.1, -0.2, 0.3, 10), 0);
    expectClose(box, [7.6022587, -1960.8001709, 50.7977448, 2039.2000732]);
  });

  it('clamps shrinking too', () => {
    const [x1, , x2] = decode(anchor, 0, Float32Array.of(0, 0, -10, 0), 0);
    expect(x2 - x1).toBeCloseTo((32 * 16) / 1000, 6);
  });

  it('undoes encode, for 10,000 random boxes', () => {
    const random = new Random(1);
    const box = (): Float32Array => {
      const [x, y] = [random.uniform(-100, 1300), random.uniform(-100, 800)];
      return Float32Array.of(x, y, x + Math.exp(random.uniform(0, 6)), y + Math.exp(random.uniform(0, 6)));
    };
    const deltas = new Float32Array(4);
    let tested = 0;
    while (tested < 10_000) {
      const [from, to] = [box(), box()];
      encode(from, 0, to, 0, deltas);
      if (Math.max(Math.abs(deltas[2]!), Math.abs(deltas[3]!)) > Math.log(1000 / 16)) continue;
      tested++;
      for (const [k, value] of decode(from, 0, deltas, 0).entries())
        expect(Math.abs(value - to[k]!)).toBeLessThan(1e-3);
    }
  });
});
