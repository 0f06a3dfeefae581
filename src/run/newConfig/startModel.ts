/** The network of a checkpoint, as sections of a config whose run begins with it. */
import { CheckpointError } from '../../errors.js';
import { readStateDict } from '../../formats/stateDict.js';
import { underOurNames } from '../../models/checkpoints/convertCheckpoint.js';
import type { DetectorDescription } from '../../models/checkpoints/description.js';
import { isOurCheckpoint, readDescription } from '../../models/checkpoints/modelFile.js';

export interface StartModel {
  readonly checkpoint: string;
  readonly backbone: object;
  /** Of a detector. */
  readonly neck?: DetectorDescription['model']['neck'];
  /** Of a detector, without its anchors, which go by the data. */
  readonly head?: { readonly name: string };
}

/**
 * Reads what a checkpoint is of: a detector or classifier of ours, a classifier of the CMT authors or of torchvision.
 *
 * @throws CheckpointError where it is none of these, or does not say enough of its network
 */
export function startModel(checkpoint: string): StartModel {
  if (isOurCheckpoint(checkpoint)) {
    const description = readDescription(checkpoint);
    if (description.kind === 'classifier') return { checkpoint, backbone: description.model.backbone };
    const { backbone, neck, head } = description.model;
    const { anchors: _, ...others } = { anchors: null, ...head };
    return { checkpoint, backbone, neck, head: others };
  }
  const { described } = underOurNames(checkpoint, readStateDict(checkpoint));
  if (described.description === undefined)
    throw new CheckpointError(checkpoint, described.problems, 'Write model.backbone into the config by hand.');
  return { checkpoint, backbone: described.description.model.backbone };
}
