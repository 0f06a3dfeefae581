/** Begins a detector with a pretrained backbone. */
import type { Problem } from '../../errors.js';
import type { NamedArray } from '../../formats/namedArray.js';
import { choiceInWords, openStateDict } from '../../formats/stateDict.js';
import type { Backbone } from '../backbones/backbone.js';
import { underOurNames } from './convertCheckpoint.js';
import type { ModelDescription } from './description.js';
import { fitTensors } from './fitTensors.js';
import { isOurCheckpoint, readModel } from './modelFile.js';

const prefix = 'backbone.';

/** The weights of a file, under our names. */
export interface FirstWeights {
  readonly tensors: ReadonlyMap<string, NamedArray>;
  /** Of a checkpoint of ours. */
  readonly description?: ModelDescription;
  /** Which of several state dicts they are, in words. */
  readonly choice?: string | undefined;
}

/** Reads a checkpoint: ours, the CMT authors', or torchvision's. @throws CheckpointError when it is damaged, or of no network that we have */
export function readFirstWeights(path: string): FirstWeights {
  if (isOurCheckpoint(path)) return readModel(path);
  const file = openStateDict(path);
  return { tensors: underOurNames(path, file.tensors).tensors, choice: choiceInWords(file) };
}

/**
 * Puts weights into `backbone`; those of a neck or a head are left out.
 *
 * The position bias of a CMT must be of the kind and the grid of the file: `model.backbone.positionBias`, and `biasSize` for which
 * image side the network keeps it.
 *
 * @param source of the weights, for messages
 * @returns what was loaded, in words
 * @throws CheckpointError listing what is missing, of another shape or not finite
 */
export function fitBackbone(backbone: Backbone, { tensors, choice }: FirstWeights, source: string): string {
  const count = fitTensors(backbone.parameters(prefix), tensors, { source, hint: hintFor });
  return `backbone from ${source}: ${count} parameters${choice === undefined ? '' : ` (${choice})`}`;
}

function hintFor(problems: readonly Problem[]): string {
  return problems.every(({ at }) => at.includes('positionBias'))
    ? 'Only the position bias differs: set model.backbone.positionBias, and model.backbone.biasSize to the image size, as in ' +
        'pretraining; it is resampled to every other size.'
    : 'The checkpoint is of another variant: compare "cmtdet info" of both.';
}
