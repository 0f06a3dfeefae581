import { describe, expect, it } from 'vitest';
import { adviseAnchors, centres } from '../../src/detection/anchorAdvice.js';

describe('adviseAnchors', () => {
  it("boxes of 16 x 16: a base of 2 on P3, out of reach of RetinaNet's own", () => {
    const { anchors, reached, reachedByDefault, sides } = adviseAnchors(Array.from({ length: 20 }, () => [16, 16]));
    expect(anchors.baseScale).toBe(2); // 8 * 2
    expect([reached, reachedByDefault]).toEqual([1, 0]); // 16^2 / 32^2 = 0.25 < 0.5
    expect(sides).toEqual([16]);
  });

  it('boxes six times as high as wide get shapes of their own; those up to twice keep the usual ones', () => {
    const thin = adviseAnchors(Array.from({ length: 20 }, (_, i) => [10 + i, 6 * (10 + i)]));
    expect(thin.anchors.aspectRatios).toEqual([6]);
    expect(thin.reached).toBe(1);
    const usual = adviseAnchors([...Array(9)].map((_, i) => [30 + i, (30 + i) * [0.5, 1, 2][i % 3]!]));
    expect(usual.anchors.aspectRatios).toEqual([0.5, 1, 2]);
  });

  it('levels as far as the largest boxes need', () => {
    expect(adviseAnchors([...Array(10)].map(() => [20, 20])).levels).toBe(3);
    expect(adviseAnchors([...Array(10)].map((_, i) => (i < 5 ? [20, 20] : [400, 400]))).levels).toBe(5);
  });
});

describe('centres', () => {
  it('three heaps: their geometric means', () => {
    const [a, b, c] = centres([10, 10, 40, 40, 200, 180], 3);
    expect([a, b, c].map((x) => Math.round(x!))).toEqual([10, 40, 190]); // sqrt(200 * 180) = 189.7
  });

  it('equal values: one', () => {
    expect(centres([7, 7, 7], 3).map(Math.round)).toEqual([7]);
  });
});
