import { CheckpointError, type Problem } from '../../errors.js';
import type { NamedArray } from '../../formats/namedArray.js';
import type { ModelDescription } from './description.js';

/** Widths and sides up to this pass whatever the tensors are: sides of nominal inputs are in no tensor's shape. */
const alwaysAllowed = 8192;
/** Longest side of an input picture, in pixels: its square is as large as a picture may be (`maxPixels`). */
const maxInputSide = 2 ** 14;

/**
 * Holds what a checkpoint says of its network to the tensors that it has, before anything is built: there are no more blocks than
 * tensors, and nothing is wider than the widest of them. Exact comparison comes later, when the network is there.
 *
 * @param source for messages
 * @throws CheckpointError listing what cannot be
 */
export function checkPlausible(
  source: string,
  { model, input }: Pick<ModelDescription, 'model' | 'input'>,
  tensors: ReadonlyMap<string, Pick<NamedArray, 'shape'>>,
): void {
  const problems: Problem[] = [];
  let widest = alwaysAllowed;
  for (const { shape } of tensors.values()) for (const side of shape) widest = Math.max(widest, side);
  const check = (at: string, value: unknown, limit: number): void => {
    if (typeof value === 'number') {
      if (value > limit) problems.push({ at, message: `${value} is more than these tensors can be of, ${limit}` });
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, inner] of Object.entries(value)) {
        if (key === 'loss') continue; // weights of parts, which build nothing
        check(`${at}.${key}`, inner, key === 'depths' || key === 'convs' ? tensors.size : limit);
      }
    }
  };
  check('model', model, widest);
  check('input', input, maxInputSide);
  if (problems.length > 0) throw new CheckpointError(source, problems, 'The description of the network is damaged.');
}
