/** Begins a detector with a pretrained backbone. */
import type { Problem } from '../../errors.js';
import type { NamedArray } from '../../formats/namedArray.js';
import { choiceInWords, isSafetensors, openStateDict } from '../../formats/stateDict.js';
import type { Backbone } from '../backbones/backbone.js';
import { underOurNames } from './convertCheckpoint.js';
import { fitTensors } from './fitTensors.js';
import { isOurCheckpoint, readModel } from './modelFile.js';

const prefix = 'backbone.';

/**
 * Puts the backbone of a checkpoint (ours, the CMT authors', or torchvision's) into `backbone`; a head in the file is left out.
 *
 * The position bias of a CMT must be of the kind and the grid of the file: `model.backbone.positionBias`, and `biasSize` for which
 * image side the network keeps it.
 *
 * @returns what was loaded, in words
 * @throws CheckpointError listing what is missing, of another shape or not finite
 */
export function loadBackbone(backbone: Backbone, path: string): string {
  const { tensors, choice } = weightsOf(path);
  const count = fitTensors(backbone.parameters(prefix), tensors, { source: path, hint: hintFor });
  return `backbone from ${path}: ${count} parameters${choice === undefined ? '' : ` (${choice})`}`;
}

function weightsOf(path: string): { tensors: ReadonlyMap<string, NamedArray>; choice?: string | undefined } {
  if (isSafetensors(path) && isOurCheckpoint(path)) return { tensors: readModel(path).tensors };
  const file = openStateDict(path);
  return { tensors: underOurNames(path, file.tensors).tensors, choice: choiceInWords(file) };
}

function hintFor(problems: readonly Problem[]): string {
  return problems.every(({ at }) => at.includes('positionBias'))
    ? 'Only the position bias differs: set model.backbone.positionBias, and model.backbone.biasSize to the image size, as in ' +
        'pretraining; it is resampled to every other size.'
    : 'The checkpoint is of another variant: compare "cmtdet info" of both.';
}
