import { ClassifierModel } from '../config/modelSchema.js';
import type { CmtWidths } from './authorNames.js';
import { hiddenRatio } from './checkpointWidths.js';
import type { ClassifierDescription } from './description.js';

/**
 * What a checkpoint says of a classifier of which only the parameters are known: classes are numbered, and pictures are
 * prepared as the authors do it (short side 256/224 of the input, bicubic, the centre; their datasets.py).
 *
 * @returns undefined for a backbone alone, and where the shapes leave something open
 */
export function describeClassifier(widths: CmtWidths): ClassifierDescription | undefined {
  const { dims, stem, depths, heads, reductions, inputSize, headChannels, classes } = widths;
  const ratio = hiddenRatio(widths);
  if ([inputSize, headChannels, classes, ratio].includes(undefined)) return undefined;
  const variant = { dims, stemChannels: stem, depths, heads, reductions, ratio };
  const model = ClassifierModel.safeParse({ variant, biasSize: inputSize, headChannels });
  if (!model.success) return undefined;
  return {
    format: 1,
    kind: 'classifier',
    model: model.data,
    classes: Array.from({ length: classes! }, (_, label) => String(label)),
    input: { size: inputSize!, cropFraction: 0.875, interpolation: 'bicubic' },
    epoch: 0,
    step: 0,
    metrics: {},
  };
}
