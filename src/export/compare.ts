/** How far two results are from each other. */
import type { Detections } from '../detection/postprocess.js';
import type { HostTensor } from '../tensorflow/hostTensor.js';

/** The farthest that a number of an output was from what it should be. */
export interface Difference {
  readonly output: string;
  readonly largest: number;
  /** The largest number of the output, to which that may be compared. */
  readonly of: number;
}

/** Difference of two arrays of one size. */
export function differenceOf(output: string, { data: found }: HostTensor, { data: wanted }: HostTensor): Difference {
  let largest = found.length === wanted.length ? 0 : Number.POSITIVE_INFINITY;
  let of = 0;
  for (let i = 0; i < wanted.length; i++) {
    const value = Number(wanted[i]);
    largest = Math.max(largest, Math.abs(Number(found[i]) - value));
    of = Math.max(of, Math.abs(value));
  }
  return { output, largest, of };
}

/** Of several pictures, output by output. */
export function farthest(differences: readonly Difference[]): Difference[] {
  const byOutput = new Map<string, Difference>();
  for (const { output, largest, of } of differences) {
    const before = byOutput.get(output) ?? { largest: 0, of: 0 };
    byOutput.set(output, { output, largest: Math.max(before.largest, largest), of: Math.max(before.of, of) });
  }
  return [...byOutput.values()];
}

/** How two lists of detections of one picture differ. */
export interface DetectionDifference {
  /** Pixels between the sides of a box and those of the nearest box of its class, at most; infinite where one is missing. */
  readonly box: number;
  /** Between the scores of these two. */
  readonly score: number;
  /** Detections in another place of the list: two whose scores are equal but for the last digit may change places. */
  readonly moved: number;
}

/** Looks each of `wanted` up in `found`. */
export function compareDetections(found: Detections, wanted: Detections): DetectionDifference {
  let [box, score, moved] = [found.scores.length === wanted.scores.length ? 0 : Number.POSITIVE_INFINITY, 0, 0];
  for (let i = 0; i < wanted.scores.length; i++) {
    let best = { box: Number.POSITIVE_INFINITY, score: 0, place: -1 };
    for (let j = 0; j < found.scores.length; j++) {
      if (found.labels[j] !== wanted.labels[i]) continue;
      const sides = [0, 1, 2, 3].map((side) => Math.abs(found.boxes[4 * j + side]! - wanted.boxes[4 * i + side]!));
      const distance = Math.max(...sides);
      if (distance < best.box)
        best = { box: distance, score: Math.abs(found.scores[j]! - wanted.scores[i]!), place: j };
    }
    box = Math.max(box, best.box);
    score = Math.max(score, best.score);
    if (best.place !== i) moved++;
  }
  return { box, score, moved };
}
