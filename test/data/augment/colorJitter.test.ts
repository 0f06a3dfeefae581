import { describe, expect, it } from 'vitest';
import { applyColorJitter, drawColorJitter } from '../../../src/data/augment/colorJitter.js';
import { adjustBrightness, adjustColor } from '../../../src/data/augment/pixelOps.js';
import { Random } from '../../../src/random.js';
import { noiseImage } from '../../support/images.js';
import { expectMean, expectShare } from '../../support/statistics.js';

describe('color jitter', () => {
  it('10,000 draws of strength 0.4: six orders equally often, factors U(0.6, 1.4)', () => {
    const random = new Random(21);
    const draws = Array.from({ length: 10_000 }, () => drawColorJitter(0.4, random));
    const orders = draws.map((draw) => draw.map(({ name }) => name).join());
    expect(new Set(orders).size).toBe(6);
    for (const order of new Set(orders))
      expectShare(orders.filter((other) => other === order).length, draws.length, 1 / 6);
    const factors = draws.flat().map(({ factor }) => factor);
    expect(Math.min(...factors) >= 0.6 && Math.max(...factors) < 1.4).toBe(true);
    expectMean(factors, 1, 0.8 / Math.sqrt(12));
  });

  it('applies in the drawn order', () => {
    const image = noiseImage(8, 6);
    const drawn = [
      { name: 'saturation', factor: 1.3 },
      { name: 'brightness', factor: 0.7 },
    ] as const;
    expect(applyColorJitter(image, drawn)).toEqual(adjustBrightness(adjustColor(image, 1.3), 0.7));
  });
});
