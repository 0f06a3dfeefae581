/** The best places of a level, in ONNX: the counterpart of what a detector's graph does before its boxes are decoded. */
import type { OnnxGraph } from '../onnxGraph.js';
import { sidesAt } from '../translation.js';

/** A pyramid level in an ONNX graph. */
export interface OnnxLevel {
  /** What the head says of its places, as names by output. */
  readonly outputs: Readonly<Record<string, string>>;
  /** Input pixels a cell. */
  readonly stride: number;
}

/** Candidates as names in an ONNX graph; k of them, best first. */
export interface Candidates {
  /** [B, k, 4] xyxy in input pixels, not clipped. */
  readonly boxes: string;
  /** [B, k]; -1 where the score does not exceed the threshold. */
  readonly scores: string;
  /** [B, k] 64-bit. */
  readonly labels: string;
}

/** What the head of a detector becomes in ONNX: candidates out of a level's outputs. */
export type WriteCandidates = (
  onnx: OnnxGraph,
  level: OnnxLevel,
  sides: string,
  settings: CandidateSettings,
) => Candidates;

export interface CandidateSettings {
  readonly classes: number;
  readonly preNmsTopK: number;
  readonly scoreThreshold: number;
}

/** The places that have the best class scores. */
export interface BestPlaces {
  /** [B, k], after the sigmoid. */
  readonly scores: string;
  /** [B, k] 64-bit, 0 … P-1. */
  readonly places: string;
  /** [B, k] 64-bit, 0 … K-1. */
  readonly labels: string;
}

/**
 * The `preNmsTopK` best of P · K scores, or all where there are fewer.
 *
 * @param logits name of [B, P, K]
 */
export function bestPlaces(onnx: OnnxGraph, logits: string, { classes, preNmsTopK }: CandidateSettings): BestPlaces {
  const flat = onnx.add('Flatten', [logits], { axis: { int: 1 } }); // [B, P · K]
  const total = onnx.add('Slice', [onnx.add('Shape', [flat]), onnx.ints([1]), onnx.ints([2])]);
  const count = onnx.add('Min', [total, onnx.ints([preNmsTopK])]);
  const [best, indices] = onnx.addMany('TopK', [flat, count], { axis: { int: -1 } }, 2);
  const divisor = onnx.ints([classes], []);
  return {
    scores: onnx.add('Sigmoid', [best!]),
    places: onnx.add('Div', [indices!, divisor]),
    labels: onnx.add('Mod', [indices!, divisor]),
  };
}

/** `scores`, and -1 where those of the classes do not exceed the threshold. */
export function aboveThreshold(onnx: OnnxGraph, scores: string, classScores: string, threshold: number): string {
  const above = onnx.add('Greater', [classScores, onnx.floats([threshold], [])]);
  return onnx.add('Where', [above, scores, onnx.floats([-1], [])]);
}

/** Rows of [B, P, n] by places [B, k]: [B, k, n]. */
export function rowsAt(onnx: OnnxGraph, values: string, places: string): string {
  const indices = onnx.add('Unsqueeze', [places, onnx.ints([-1])]);
  return onnx.add('GatherND', [values, indices], { batch_dims: { int: 1 } });
}

/**
 * Column and row of cells, times the stride: [B, k, 2] x, y in input pixels.
 *
 * @param cells name of [B, k] 64-bit, row by row
 * @param sides name of height and width of the pictures
 */
export function placesInPixels(onnx: OnnxGraph, cells: string, sides: string, stride: number): string {
  const width = onnx.add('Gather', [sidesAt(onnx, sides, stride), onnx.ints([1], [])]);
  const xy = ['Mod', 'Div'].map((op) => onnx.add('Unsqueeze', [onnx.add(op, [cells, width]), onnx.ints([-1])]));
  const place = onnx.add('Cast', [onnx.add('Concat', xy, { axis: { int: -1 } })], { to: { int: 1 } });
  return onnx.add('Mul', [place, onnx.floats([stride], [])]);
}

/** The first and the last two of [..., 4]. */
export function halvesOf(onnx: OnnxGraph, values: string): [first: string, last: string] {
  return onnx.addMany('Split', [values, onnx.ints([2, 2])], { axis: { int: -1 } }, 2) as [string, string];
}
