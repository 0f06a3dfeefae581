import { describe, expect, it } from 'vitest';
import { colourMatrix, drawPhotometric, mapColours } from '../../../src/data/detection/photometric.js';
import { Random } from '../../../src/random.js';

const map = (pixel: number[], ...[shift, factor, colour, degrees]: [number, number, number, number]) => {
  const matrix = colourMatrix(shift, factor, colour, (degrees * Math.PI) / 180);
  return [...mapColours({ data: Uint8Array.from(pixel), width: 1, height: 1 }, matrix).data];
};

describe('colourMatrix', () => {
  it.each<[string, number[], [number, number, number, number], number[]]>([
    ['nothing', [200, 100, 50], [0, 1, 1, 0], [200, 100, 50]],
    ['brightness adds', [200, 100, 50], [20, 1, 1, 0], [220, 120, 70]],
    ['and is limited', [250, 100, 5], [20, 1, 1, 0], [255, 120, 25]],
    ['contrast multiplies', [200, 100, 50], [0, 0.5, 1, 0], [100, 50, 25]],
    ['brightness comes before contrast', [100, 100, 100], [20, 2, 1, 0], [240, 240, 240]],
    ['no saturation: luma, 0.299 * 200 + 0.587 * 100 + 0.114 * 50', [200, 100, 50], [0, 1, 0, 0], [124, 124, 124]],
    ['grey has no hue', [90, 90, 90], [0, 1, 1, 77], [90, 90, 90]],
    ['a whole turn', [200, 100, 50], [0, 1, 1, 360], [200, 100, 50]],
    ['half a turn: 2 x luma (127.83) - colour', [150, 120, 110], [0, 1, 1, 180], [106, 136, 146]],
  ])('%s', (_, pixel, change, expected) => {
    expect(map(pixel, ...change)).toEqual(expected);
  });

  it('a turn forth and back, where nothing is limited', () => {
    const turned = map([140, 120, 110], 0, 1, 1, 18);
    expect(turned).not.toEqual([140, 120, 110]);
    for (const [i, value] of map(turned, 0, 1, 1, -18).entries())
      expect(Math.abs(value - [140, 120, 110][i]!)).toBeLessThanOrEqual(1);
  });
});

describe('drawPhotometric', () => {
  const options = { brightness: 32, contrast: 0.5, saturation: 0.5, hue: 18 };
  it('probability 0 draws nothing, probability 1 something', () => {
    expect(drawPhotometric({ ...options, probability: 0 }, new Random(1))).toBeUndefined();
    expect(drawPhotometric({ ...options, probability: 1 }, new Random(1))).toHaveLength(12);
  });
});
