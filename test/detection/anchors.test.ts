import { describe, expect, it } from 'vitest';
import { generateAnchors, pyramidLevels } from '../../src/detection/anchors.js';

describe('pyramidLevels', () => {
  it.each([
    // input, [rows, columns] of P3 … P7
    [
      800,
      1280,
      [
        [100, 160],
        [50, 80],
        [25, 40],
        [13, 20],
        [7, 10],
      ],
    ], // P6 and P7: halves rounded up
    [
      32,
      64,
      [
        [4, 8],
        [2, 4],
        [1, 2],
        [1, 1],
        [1, 1],
      ],
    ],
  ])('%d × %d', (height, width, expected) => {
    const levels = pyramidLevels({ height, width });
    expect(levels.map((level) => [level.height, level.width])).toEqual(expected);
    expect(levels.map(({ stride }) => stride)).toEqual([8, 16, 32, 64, 128]);
  });
});

describe('generateAnchors', () => {
  it('[1, 2] cells, stride 8, 3 ratios, 1 scale', () => {
    const { anchors, perCell, offsets } = generateAnchors([{ height: 1, width: 2, stride: 8 }], {
      baseScale: 4,
      scalesPerOctave: 1,
      aspectRatios: [0.25, 1, 4],
    });
    expect([...anchors]).toEqual([
      // side 8 · 4 = 32; ratio ¼: 64 × 16, ratio 4: 16 × 64. Centres (0, 0) and (8, 0).
      ...[-32, -8, 32, 8],
      ...[-16, -16, 16, 16],
      ...[-8, -32, 8, 32],
      ...[-24, -8, 40, 8],
      ...[-8, -16, 24, 16],
      ...[0, -32, 16, 32],
    ]);
    expect([perCell, offsets]).toEqual([3, [0, 6]]);
  });

  it('the nine sizes of P3, ratio before scale', () => {
    const { sizes } = generateAnchors([{ height: 1, width: 1, stride: 8 }]);
    const expected = [
      ...[
        [45.2548, 22.6274],
        [57.0175, 28.5088],
        [71.8376, 35.9188],
      ], // 32·√2 × 32/√2, then times 2^⅓ and 2^⅔
      ...[
        [32, 32],
        [40.3175, 40.3175],
        [50.7968, 50.7968],
      ],
      ...[
        [22.6274, 45.2548],
        [28.5088, 57.0175],
        [35.9188, 71.8376],
      ],
    ];
    expect(sizes[0]).toHaveLength(9);
    for (const [a, [width, height]] of sizes[0]!.entries()) {
      expect(width).toBeCloseTo(expected[a]![0]!, 4);
      expect(height).toBeCloseTo(expected[a]![1]!, 4);
    }
  });

  it('191,970 anchors at 800 × 1280, level after level', () => {
    const { offsets, anchors } = generateAnchors(pyramidLevels({ height: 800, width: 1280 }));
    expect(offsets).toEqual([0, 144_000, 180_000, 189_000, 191_340, 191_970]);
    expect(anchors).toHaveLength(191_970 * 4);
    // The last one: P7, row 6, column 9, ratio 2, third scale.
    const [x1, y1, x2, y2] = [...anchors.subarray(-4)] as [number, number, number, number];
    expect((x1 + x2) / 2).toBeCloseTo(9 * 128, 3);
    expect((y1 + y2) / 2).toBeCloseTo(6 * 128, 3);
    expect((y2 - y1) / (x2 - x1)).toBeCloseTo(2, 5);
    expect((y2 - y1) * (x2 - x1)).toBeCloseTo((512 * 2 ** (2 / 3)) ** 2, -1);
  });
});
