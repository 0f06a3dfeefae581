import { describe, expect, it } from 'vitest';
import { drawCrop } from '../../../src/data/detection/randomCrop.js';
import { Random } from '../../../src/random.js';

const size = { width: 200, height: 100 };
const boxes = Float32Array.of(50, 20, 150, 80);

describe('drawCrop', () => {
  it('2,000 crops: inside the picture, sides and aspect within limits, IoU with the box at least what was asked', () => {
    const random = new Random(3);
    let cropped = 0;
    for (let i = 0; i < 2000; i++) {
      const { left, top, width, height } = drawCrop(
        size,
        boxes,
        { probability: 1, minScale: 0.3, minIou: [0.5] },
        random,
      );
      if (width === 200 && height === 100) continue;
      cropped++;
      expect(left >= 0 && top >= 0 && left + width <= 200 && top + height <= 100).toBe(true);
      expect(width >= 60 && height >= 30).toBe(true);
      const common =
        (Math.min(150, left + width) - Math.max(50, left)) * (Math.min(80, top + height) - Math.max(20, top));
      expect(common / (width * height + 6000 - common)).toBeGreaterThanOrEqual(0.5);
    }
    expect(cropped).toBeGreaterThan(1500);
  });

  it('an IoU that no crop reaches, no box, probability 0: the whole picture', () => {
    const whole = { left: 0, top: 0, width: 200, height: 100 };
    const random = new Random(4);
    const tiny = Float32Array.of(10, 10, 12, 12);
    expect(drawCrop(size, tiny, { probability: 1, minScale: 0.9, minIou: [0.9] }, random)).toEqual(whole);
    expect(drawCrop(size, Float32Array.of(), { probability: 1, minScale: 0.3, minIou: [0.1] }, random)).toEqual(whole);
    expect(drawCrop(size, boxes, { probability: 0, minScale: 0.3, minIou: [0.1] }, random)).toEqual(whole);
  });
});
