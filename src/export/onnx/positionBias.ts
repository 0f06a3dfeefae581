/** The position bias for pictures of any size, in ONNX: `models/backbones/positionBias/gridBias.ts` once more. */
import type { Interpolation } from '../../nn/resample.js';
import type { BiasInput } from '../trace.js';
import type { OnnxAttribute, OnnxGraph } from './onnxGraph.js';

/**
 * Resamples a bias as PyTorch's `interpolate` does: the grid of the keys, then that of the queries.
 *
 * @param queries name of height and width of the queries' map: [2], 64-bit
 * @param keys the same of the keys' map
 * @returns name of [h, N, Nk]
 */
export function fittedBias(onnx: OnnxGraph, { bias, resample }: BiasInput, queries: string, keys: string): string {
  const [heads] = bias.shape as [number, number, number];
  const fromQueries = bias.queries[0] * bias.queries[1];
  const source = onnx.constant({ data: bias.value, shape: [1, heads * fromQueries, ...bias.keys] });
  const byKeys = resized(onnx, source, keys, resample); // [1, h · Nq, Kh', Kw']
  const turned = swapped(onnx, onnx.add('Reshape', [byKeys, onnx.ints([heads, fromQueries, -1])])); // [h, Nk', Nq]
  const maps = onnx.add('Reshape', [turned, onnx.ints([heads, -1, ...bias.queries])]);
  const byBoth = resized(onnx, maps, queries, resample); // [h, Nk', Qh', Qw']
  return swapped(onnx, onnx.add('Reshape', [byBoth, onnx.ints([0, 0, -1])]));
}

const modes: Readonly<Record<Interpolation, Readonly<Record<string, OnnxAttribute>>>> = {
  bilinear: { mode: 'linear' },
  bicubic: { mode: 'cubic', cubic_coeff_a: { float: -0.75 } },
};

/** The last two sides of four brought to others. */
function resized(onnx: OnnxGraph, x: string, sides: string, resample: Interpolation): string {
  const first = onnx.add('Slice', [onnx.add('Shape', [x]), onnx.ints([0]), onnx.ints([2])]);
  const sizes = onnx.add('Concat', [first, sides], { axis: { int: 0 } });
  return onnx.add('Resize', [x, '', '', sizes], {
    ...modes[resample],
    coordinate_transformation_mode: 'half_pixel',
  });
}

const swapped = (onnx: OnnxGraph, x: string): string => onnx.add('Transpose', [x], { perm: { ints: [0, 2, 1] } });
