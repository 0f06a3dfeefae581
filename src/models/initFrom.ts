/** Begins a detector with a pretrained backbone. */
import { CheckpointError, type Problem } from '../errors.js';
import { type NamedArray, toFloat32 } from '../formats/namedArray.js';
import { isSafetensors, readStateDict } from '../formats/stateDict.js';
import type { Cmt } from './cmt.js';
import { underOurNames } from './convertCheckpoint.js';
import { isOurCheckpoint, readModel } from './modelFile.js';

const prefix = 'backbone.';

/**
 * Puts the backbone of a checkpoint (ours, or the authors') into `backbone`; a head in the file is left out.
 *
 * The position bias must be of the kind and the grid of the file: `model.positionBias`, and `model.biasSize` for which image
 * side the network keeps it.
 *
 * @returns what was loaded, in words
 * @throws CheckpointError listing what is missing or of another shape
 */
export function loadBackbone(backbone: Cmt, path: string): string {
  const tensors: ReadonlyMap<string, NamedArray> =
    isSafetensors(path) && isOurCheckpoint(path)
      ? readModel(path).tensors
      : underOurNames(path, readStateDict(path)).tensors;
  const problems: Problem[] = [];
  const fitting: (() => void)[] = [];
  for (const [name, parameter] of backbone.parameters()) {
    const array = tensors.get(prefix + name);
    if (array === undefined) problems.push({ at: prefix + name, message: 'missing' });
    else if (array.shape.join() === parameter.shape.join()) {
      fitting.push(() => {
        parameter.value = toFloat32(array);
      });
    } else
      problems.push({
        at: prefix + name,
        message: `expected shape [${parameter.shape.join(', ')}], found [${array.shape.join(', ')}]`,
      });
  }
  if (problems.length > 0) {
    const onlyBias = problems.every(({ at }) => at.includes('positionBias'));
    const hint = onlyBias
      ? 'Only the position bias differs: set model.positionBias, and model.biasSize to the image size, as in pretraining; it is ' +
        'resampled to every other size.'
      : 'The checkpoint is of another variant: compare "cmtdet info" of both.';
    throw new CheckpointError(path, problems, hint);
  }
  for (const put of fitting) put();
  return `backbone from ${path}: ${fitting.length} parameters`;
}
