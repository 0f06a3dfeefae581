import type { NamedArray } from '../../src/formats/namedArray.js';
import { type CmtWidths, cmtNames } from '../../src/models/checkpoints/cmtAuthorNames.js';

/** A classifier small enough for any test. */
export const tinyWidths: CmtWidths = {
  stem: 2,
  dims: [4, 8, 16, 32],
  depths: [1, 2, 1, 1],
  hidden: [14, 28, 57, 115], // ⌊3.6 C⌋
  heads: [1, 2, 4, 8],
  reductions: [8, 4, 2, 1],
  inputSize: 32,
  headChannels: 6,
  classes: 5,
};

/** All parameters of a network under the authors' names and in PyTorch's layout; no two elements are alike. */
export function authorsTensors(widths: CmtWidths = tinyWidths): Map<string, NamedArray> {
  const tensors = new Map<string, NamedArray>();
  let next = 0;
  for (const { theirs, ours, axes, shape } of cmtNames(widths.depths)) {
    const sides = shape(widths) as number[] | undefined;
    if (!sides) continue;
    if (!ours) {
      tensors.set(theirs, { dtype: 'I64', shape: [], data: BigInt64Array.of(17n) });
      continue;
    }
    const inFile = axes ? axes.map((_, axis) => sides[axes.indexOf(axis)]!) : sides;
    const count = inFile.reduce((product, side) => product * side, 1);
    tensors.set(theirs, { dtype: 'F32', shape: inFile, data: Float32Array.from({ length: count }, () => next++) });
  }
  return tensors;
}
