import { describe, expect, it } from 'vitest';
import { type AnchorCandidates, decodeAnchors } from '../../src/detection/anchorCandidates.js';
import { generateAnchors } from '../../src/detection/anchors.js';
import { detectionsOf, retinanetInference } from '../../src/detection/postprocess.js';

// Two levels of 16 px and 32 px squares. Anchors of the first: [-8, -8, 8, 8], [8, -8, 24, 8]; of the second: [-16, -16, 16, 16].
const grid = generateAnchors(
  [
    { height: 1, width: 2, stride: 16 },
    { height: 1, width: 1, stride: 32 },
  ],
  { baseScale: 1, scalesPerOctave: 1, aspectRatios: [1] },
);
const numClasses = 3;

/** [anchor of the level, label, score, deltas]. */
type Candidate = [anchor: number, label: number, score: number, deltas?: number[]];

const level = (...candidates: Candidate[]): AnchorCandidates => ({
  scores: Float32Array.from(candidates, ([, , score]) => score),
  indices: Int32Array.from(candidates, ([anchor, label]) => anchor * numClasses + label),
  deltas: Float32Array.from(candidates.flatMap(([, , , deltas]) => deltas ?? [0, 0, 0, 0])),
});

const size = { height: 100, width: 100 };
const run = (levels: AnchorCandidates[], original = size, input = size, options = retinanetInference) => {
  const found = decodeAnchors(levels, grid, numClasses, options.scoreThreshold);
  const { boxes, scores, labels } = detectionsOf(found, input, original, options);
  return [...labels].map((label, i) => [label, Number(scores[i]!.toFixed(6)), ...boxes.subarray(4 * i, 4 * i + 4)]);
};

describe('detectionsOf', () => {
  it('finds anchor and label of each candidate, clips, and sorts over the levels', () => {
    expect(run([level([1, 2, 0.8], [0, 1, 0.3]), level([0, 0, 0.6])])).toEqual([
      [2, 0.8, 8, 0, 24, 8],
      [0, 0.6, 0, 0, 16, 16],
      [1, 0.3, 0, 0, 8, 8],
    ]);
  });

  it('decodes deltas', () => {
    // 16 px anchor at (16, 0) moved by one side down and right, and twice as wide
    expect(run([level([1, 0, 0.9, [1, 1, Math.log(2), 0]]), level()])).toEqual([[0, 0.9, 16, 8, 48, 24]]);
  });

  it('scores must exceed the threshold', () => {
    const options = { ...retinanetInference, scoreThreshold: 0.5 };
    expect(run([level([0, 0, 0.5], [1, 0, 0.5000001]), level([0, 1, Number.NaN])], size, size, options)).toHaveLength(
      1,
    );
  });

  it('drops boxes that clipping leaves without area', () => {
    expect(run([level([0, 0, 0.9, [-3, 0, 0, 0]], [0, 0, 0.8, [0, 9, 0, 0]]), level()])).toEqual([]);
  });

  it('scales to the original, each axis by itself', () => {
    expect(run([level([1, 0, 0.9]), level()], { height: 300, width: 50 })).toEqual([[0, 0.9, 4, 0, 12, 24]]);
  });

  it('suppresses within a class and over levels, not across classes', () => {
    // P3's [0, 0, 8, 8] moved and doubled is the other level's [0, 0, 16, 16]
    const doubled = [0, 0, Math.log(2), Math.log(2)];
    expect(run([level([0, 0, 0.7, doubled]), level([0, 0, 0.9])])).toHaveLength(1);
    expect(run([level([0, 1, 0.7, doubled]), level([0, 0, 0.9])])).toHaveLength(2);
  });

  it('keeps maxDetections', () => {
    const options = { ...retinanetInference, maxDetections: 1 };
    expect(run([level([0, 0, 0.7], [1, 1, 0.6]), level([0, 2, 0.9])], size, size, options)).toEqual([
      [2, 0.9, 0, 0, 16, 16],
    ]);
  });

  it('nothing in, nothing out', () => {
    expect(run([level(), level()])).toEqual([]);
  });
});
