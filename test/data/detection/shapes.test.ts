import { describe, expect, it } from 'vitest';
import { chooseShapes } from '../../../src/data/detection/shapes.js';
import { inputSize, type Size } from '../../../src/geometry/size.js';
import { Random } from '../../../src/random.js';

const sizes = (...pairs: [count: number, width: number, height: number][]): Size[] =>
  pairs.flatMap(([count, width, height]) => Array.from({ length: count }, () => ({ width, height })));

describe('chooseShapes', () => {
  it('one size, one shape, whatever the bound', () => {
    const plan = chooseShapes(sizes([5, 640, 480]), { shortSides: [320], longSide: 640, maxShapes: 6 });
    expect(plan.shapes).toEqual([{ width: 448, height: 320 }]); // 427 x 320, padded
    expect(plan.groups).toBe(1);
  });

  it('landscape and portrait, bound 2: one shape each; bound 1: the square that holds both', () => {
    const both = sizes([5, 640, 480], [5, 480, 640]);
    const options = { shortSides: [320], longSide: 640 };
    expect(chooseShapes(both, { ...options, maxShapes: 2 }).shapes).toEqual([
      { width: 448, height: 320 },
      { width: 320, height: 448 },
    ]);
    expect(chooseShapes(both, { ...options, maxShapes: 1 }).shapes).toEqual([{ width: 448, height: 448 }]);
  });

  it('a rare aspect ratio shares a shape with its neighbour; the common ones get their own', () => {
    // Alone, 3:2 (480 wide) would cost 2 x 32 columns in the 2:1 shape; 1:1 100 times 128 columns in the 3:2 shape.
    const plan = chooseShapes(sizes([100, 640, 320], [2, 600, 400], [100, 400, 400]), {
      shortSides: [320],
      longSide: 640,
      maxShapes: 2,
    });
    expect(plan.shapes).toEqual([
      { width: 640, height: 320 },
      { width: 320, height: 320 },
    ]);
    expect(plan.groupOf({ width: 600, height: 400 })).toBe(0);
  });

  it('11 short sides, bound 4: every picture fits its shape at every side, within the bound', () => {
    const random = new Random(1);
    const many = Array.from({ length: 200 }, () => ({ width: 200 + random.int(800), height: 200 + random.int(800) }));
    const shortSides = Array.from({ length: 11 }, (_, i) => 480 + 32 * i);
    for (const maxShapes of [1, 2, 4, 9]) {
      const plan = chooseShapes(many, { shortSides, longSide: 1333, maxShapes });
      expect(plan.shapes.length).toBeLessThanOrEqual(maxShapes);
      for (const size of many) {
        for (const shortSide of shortSides) {
          const shape = plan.shapeOf(plan.groupOf(size), shortSide);
          const input = inputSize(size, { shortSide, longSide: 1333 });
          expect(plan.shapes).toContainEqual(shape);
          expect(input.width <= shape.width && input.height <= shape.height).toBe(true);
        }
      }
    }
  });

  it('a larger bound never pads more', () => {
    const random = new Random(2);
    const many = Array.from({ length: 100 }, () => ({ width: 200 + random.int(800), height: 200 + random.int(800) }));
    const padded = [1, 2, 3, 4, 6, 8].map((maxShapes) => {
      const plan = chooseShapes(many, { shortSides: [320, 480], longSide: 1333, maxShapes });
      return many.reduce((sum, size) => {
        const shapes = [320, 480].map((side) => plan.shapeOf(plan.groupOf(size), side));
        return sum + shapes.reduce((area, { width, height }) => area + width * height, 0);
      }, 0);
    });
    expect(padded).toEqual([...padded].sort((a, b) => b - a));
  });

  it('a picture that the plan has not seen still has a group', () => {
    const plan = chooseShapes(sizes([5, 640, 480], [5, 480, 640]), { shortSides: [320], longSide: 640, maxShapes: 2 });
    expect(plan.groupOf({ width: 2000, height: 10 })).toBe(0);
    expect(plan.groupOf({ width: 10, height: 2000 })).toBe(1);
  });
});
