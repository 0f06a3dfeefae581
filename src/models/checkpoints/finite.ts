/** Weights that are no numbers make a network that finds nothing, without a word: they are looked for wherever a file is read. */
import type { Problem } from '../../errors.js';
import { type NamedArray, toFloat32 } from '../../formats/namedArray.js';

/** The tensors that hold NaN or infinite values, in the file's order, and how many of each are. */
export function nonFinite(tensors: Iterable<readonly [name: string, array: NamedArray]>): Problem[] {
  const problems: Problem[] = [];
  for (const [at, array] of tensors) {
    const values = toFloat32(array);
    let count = 0;
    for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) count++;
    if (count > 0) problems.push({ at, message: `${count} of ${values.length} values are NaN or infinite` });
  }
  return problems;
}
