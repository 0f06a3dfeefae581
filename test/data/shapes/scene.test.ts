import { describe, expect, it } from 'vitest';
import { randomScene, shapeNames } from '../../../src/data/shapes/scene.js';
import { Random } from '../../../src/random.js';

const scenes = Array.from({ length: 200 }, (_, i) => randomScene(new Random(5).fork(i), 96));

describe('randomScene', () => {
  it('the same seed gives the same scene, another seed another one', () => {
    const scene = (seed: number) => JSON.stringify(randomScene(new Random(seed), 96));
    expect(scene(1)).toBe(scene(1));
    expect(scene(1)).not.toBe(scene(2));
  });

  it('1 to 5 shapes, every class about as often', () => {
    const counts = scenes.map(({ shapes }) => shapes.length);
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(1);
    expect(Math.max(...counts)).toBe(5);
    const names = scenes.flatMap(({ shapes }) => shapes.map(({ name }) => name));
    for (const name of shapeNames) {
      const share = names.filter((other) => other === name).length / names.length;
      expect(share, name).toBeGreaterThan(0.12);
      expect(share, name).toBeLessThan(0.28);
    }
  });

  it('boxes are whole pixels inside the picture, and hold the visible area', () => {
    for (const { visible } of scenes) {
      for (const { boxXywh, area } of visible) {
        const [x, y, width, height] = boxXywh;
        expect(boxXywh.every(Number.isInteger)).toBe(true);
        expect(x >= 0 && y >= 0 && x + width <= 96 && y + height <= 96).toBe(true);
        expect(area).toBeGreaterThan(20);
        expect(area).toBeLessThanOrEqual(width * height);
      }
    }
  });

  it('a shape that nothing covers has the box of its outline, to a pixel', () => {
    const alone = scenes.filter(({ shapes }) => shapes.length === 1);
    expect(alone.length).toBeGreaterThan(10);
    for (const { shapes, visible } of alone) {
      const clip = (value: number) => Math.min(96, Math.max(0, value));
      const along = (axis: 0 | 1) => shapes[0]!.outline.map((point) => clip(point[axis]));
      const [xs, ys] = [along(0), along(1)];
      const [x, y, width, height] = visible[0]!.boxXywh;
      const found = [x, y, x + width, y + height];
      const expected = [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
      // A sharp tip narrower than a pixel may miss all pixel centres, up to two pixels deep.
      for (const [i, value] of expected.entries()) expect(Math.abs(found[i]! - value)).toBeLessThan(3);
    }
  });

  it('some shapes are covered or cut in part, none by much more than 30 %', () => {
    const shares = scenes.flatMap(({ shapes, visible }) =>
      shapes.map(({ outline }, i) => visible[i]!.area / polygonArea(outline)),
    );
    expect(Math.min(...shares)).toBeGreaterThan(0.69);
    expect(shares.filter((share) => share < 0.9).length / shares.length).toBeGreaterThan(0.1);
  });
});

function polygonArea(outline: readonly (readonly [number, number])[]): number {
  let twice = 0;
  for (const [i, [x1, y1]] of outline.entries()) {
    const [x2, y2] = outline[(i + 1) % outline.length]!;
    twice += x1 * y2 - x2 * y1;
  }
  return Math.abs(twice) / 2;
}
