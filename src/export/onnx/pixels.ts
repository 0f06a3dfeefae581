/** From pixels to what a network takes, in ONNX: `models/preprocess.ts` once more. */
import { coarseDivisor, type InputRule, sizeDivisor } from '../../geometry/size.js';
import { pixelDeviation, pixelMean } from '../../models/preprocess.js';
import type { OnnxGraph } from './onnxGraph.js';
import { elementTypes } from './schema.js';

/** [B, H, W, 3] of values 0 … 255 → [B, 3, H, W], normalised. Pixels are moved before they grow to floats. */
export function normalisedMaps(graph: OnnxGraph, images: string, type: 'uint8' | 'float32'): string {
  const maps = graph.add('Transpose', [images], { perm: { ints: [0, 3, 1, 2] } });
  const floats = type === 'uint8' ? graph.add('Cast', [maps], { to: { int: elementTypes.float32 } }) : maps;
  const scale = pixelDeviation.map((deviation) => 1 / deviation);
  const shift = pixelMean.map((mean, i) => -mean * scale[i]!);
  const [factor, summand] = [scale, shift].map((values) => graph.floats(values, [values.length, 1, 1])) as [
    string,
    string,
  ];
  return graph.add('Add', [graph.add('Mul', [floats, factor]), summand]);
}

/** [B, 3, H, W] with zeros below and to the right. @param sides names of H and W, as they are and as they are to be */
export function paddedMaps(graph: OnnxGraph, maps: string, sides: string, padded: string): string {
  const missing = graph.add('Sub', [padded, sides]);
  const pads = graph.add('Concat', [graph.ints([0, 0, 0, 0, 0, 0]), missing], { axis: { int: 0 } });
  return graph.add('Pad', [maps, pads]);
}

/** Name of height and width after padding, [2], 64-bit: `inferenceShape` of geometry/size.ts. */
export function paddedSides(graph: OnnxGraph, sides: string, { shapes = [] }: Pick<InputRule, 'shapes'>): string {
  const padded = upTo(graph, sides, sizeDivisor);
  if (shapes.length === 0) return padded;
  const byArea = shapes.toSorted(([h1, w1], [h2, w2]) => h1 * w1 - h2 * w2);
  const table = graph.ints(byArea.flat(), [byArea.length, 2]);
  const holds = graph.add('GreaterOrEqual', [table, padded]); // [shapes, 2]
  const [holdsHeight, holdsWidth] = [0, 1].map((column) =>
    graph.add('Gather', [holds, graph.ints([column], [])], { axis: { int: 1 } }),
  ) as [string, string];
  const holding = graph.add('And', [holdsHeight, holdsWidth]);
  const asNumbers = graph.add('Cast', [holding], { to: { int: elementTypes.float32 } });
  const first = graph.add('ArgMax', [asNumbers], { axis: { int: 0 }, keepdims: { int: 0 } });
  const reversed = graph.add('Gather', [padded, graph.ints([1, 0])]);
  const isLonger = graph.add('Greater', [graph.add('Add', [padded, graph.ints([0, 1])]), reversed]); // of two equal ones the width
  const coarse = graph.add('Where', [isLonger, upTo(graph, padded, coarseDivisor), padded]);
  return graph.add('Where', [graph.add('Gather', [holding, first]), graph.add('Gather', [table, first]), coarse]);
}

function upTo(graph: OnnxGraph, sides: string, multiple: number): string {
  const divisor = graph.ints([multiple], []);
  const cells = graph.add('Div', [graph.add('Add', [sides, graph.ints([multiple - 1], [])]), divisor]);
  return graph.add('Mul', [cells, divisor]);
}
