/** From pixels to what a network takes, in ONNX: `models/preprocess.ts` once more. */
import { sizeDivisor } from '../../geometry/size.js';
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

/** [B, 3, H, W] with zeros below and to the right, so that both sides are multiples of 32. @param sides name of H and W */
export function paddedMaps(graph: OnnxGraph, maps: string, sides: string): string {
  const missing = graph.add('Sub', [paddedSides(graph, sides), sides]);
  const pads = graph.add('Concat', [graph.ints([0, 0, 0, 0, 0, 0]), missing], { axis: { int: 0 } });
  return graph.add('Pad', [maps, pads]);
}

/** Name of height and width after padding: [2], 64-bit. */
export function paddedSides(graph: OnnxGraph, sides: string): string {
  const divisor = graph.ints([sizeDivisor], []);
  const cells = graph.add('Div', [graph.add('Add', [sides, graph.ints([sizeDivisor - 1], [])]), divisor]);
  return graph.add('Mul', [cells, divisor]);
}
