import { describe, expect, it } from 'vitest';
import { generateAnchors, pyramidLevels } from '../../src/detection/anchors.js';
import { matchAdaptively } from '../../src/detection/atss.js';
import { matchState } from '../../src/detection/match.js';

const { background, ignore } = matchState;
const size = { width: 64, height: 32 };
// One square anchor a cell: 16 px on stride 8 (8 x 4 cells, anchors 0 ... 31), 32 px on stride 16 (4 x 2, 32 ... 39).
const grid = generateAnchors(pyramidLevels(size, [8, 16]), { baseScale: 2, scalesPerOctave: 1, aspectRatios: [1] });

const positives = (matches: Int32Array, g = 0) => [...matches.keys()].filter((anchor) => matches[anchor] === g);

describe('matchAdaptively', () => {
  it('no boxes: background', () => {
    expect([...matchAdaptively(grid, new Float32Array(), size)]).toEqual(Array(40).fill(background));
  });

  it('a box that is an anchor: that one, and those beside it whose overlap exceeds mean and deviation and whose centre is inside', () => {
    // The box is the anchor at column 2, row 2 of stride 8: (8, 8, 24, 24) around (16, 16).
    // Candidates of stride 8: the 3 x 3 around it, of overlap 1, 1/3 (four sides: 128 / 384), 1/7 (four corners: 64 / 448).
    // Candidates of stride 16, all eight cells (fewer than nine), 32 px around (0 ... 48, 0 or 16): the box lies inside of
    // the one at (16, 16): 256 / 1024; of those at (0, 16) and (32, 16), and at (16, 0): half of it, 128 / 1152; of those
    // at (0, 0) and (32, 0): 64 / 1216; the two at x = 48 touch nothing.
    const overlaps = [
      1,
      ...Array(4).fill(1 / 3),
      ...Array(4).fill(1 / 7),
      1 / 4,
      1 / 9,
      1 / 9,
      1 / 9,
      1 / 19,
      1 / 19,
      0,
      0,
    ];
    const mean = overlaps.reduce((sum, value) => sum + value) / 17;
    const deviation = Math.sqrt(overlaps.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 16);
    expect(mean + deviation).toBeGreaterThan(1 / 3); // 0.44: so that the anchor itself alone is left
    expect(positives(matchAdaptively(grid, Float32Array.of(8, 8, 24, 24), size))).toEqual([2 * 8 + 2]);
  });

  it('a small box that no anchor overlaps by half still has anchors', () => {
    // 6 px around (17, 16): the nearest centre is inside, at 36 / 256 of overlap
    const matches = matchAdaptively(grid, Float32Array.of(14, 13, 20, 19), size);
    expect(positives(matches)).toEqual([2 * 8 + 2]);
  });

  it('an anchor that two boxes take goes to the one that it overlaps more', () => {
    const matches = matchAdaptively(grid, Float32Array.of(10, 8, 26, 24, 8, 8, 24, 24), size);
    expect(matches[2 * 8 + 2]).toBe(1);
  });

  it('anchors outside of the padded picture are ignored, and are no candidates', () => {
    const matches = matchAdaptively(grid, Float32Array.of(8, 8, 24, 24), { width: 30, height: 30 });
    for (let anchor = 0; anchor < 32; anchor++) if (anchor % 8 >= 4) expect(matches[anchor]).toBe(ignore);
    expect(matches[2 * 8 + 2]).toBe(0);
  });

  it('several anchors a cell: the nine of the nearest cell', () => {
    const nine = generateAnchors(pyramidLevels(size, [8]), {
      baseScale: 2,
      scalesPerOctave: 3,
      aspectRatios: [0.5, 1, 2],
    });
    const matches = matchAdaptively(nine, Float32Array.of(9, 9, 24, 24), size);
    for (const anchor of positives(matches)) expect(Math.floor(anchor / 9)).toBe(2 * 8 + 2);
    expect(positives(matches).length).toBeGreaterThan(0);
  });
});
