/** What a checkpoint says of a classifier of which only the parameters are known. */
import { ClassifierModel } from '../../config/modelSchema.js';
import type { Problem } from '../../errors.js';
import { hiddenRatio } from './checkpointWidths.js';
import type { CmtWidths } from './cmtAuthorNames.js';
import type { ClassifierDescription } from './description.js';
import type { ResnetWidths } from './torchvisionCheckpoint.js';

/** A classifier's description, or what its parameters leave open. */
export interface Described {
  readonly description?: ClassifierDescription;
  readonly problems: readonly Problem[];
}

/** Classes are numbered, and pictures are prepared as the authors do it: bicubic, their datasets.py. */
export function describeCmt(widths: CmtWidths): Described {
  const { dims, stem, depths, heads, reductions, inputSize, hidden, headChannels, classes } = widths;
  const ratio = hiddenRatio(widths);
  const problems: Problem[] = [];
  if (classes === undefined || headChannels === undefined)
    problems.push({ at: 'head.weight', message: 'missing: the file holds a backbone only' });
  if (inputSize === undefined)
    problems.push({ at: 'relative_pos_a', message: 'missing, so the image size of pretraining is not known' });
  if (ratio === undefined) {
    const message = `widths ${hidden.join(', ')} are no one multiple of the channels ${dims.join(', ')}`;
    problems.push({ at: 'feed-forward networks', message });
  }
  if (problems.length > 0) return { problems };
  const variant = { dims, stemChannels: stem, depths, heads, reductions, ratio };
  const backbone = { name: 'cmt', variant, biasSize: inputSize };
  return describe({ backbone, head: { name: 'cmt', channels: headChannels } }, classes!, inputSize!, 'bicubic');
}

/** Classes are numbered, and pictures are prepared as torchvision's first weights were measured: bilinear, 224 of 256. */
export function describeResnet({ depth, classes }: ResnetWidths): Described {
  if (classes === undefined)
    return { problems: [{ at: 'fc.weight', message: 'missing: the file holds a backbone only' }] };
  return describe({ backbone: { name: 'resnet', depth } }, classes, 224, 'bilinear');
}

function describe(config: object, classes: number, size: number, interpolation: 'bicubic' | 'bilinear'): Described {
  const model = ClassifierModel.safeParse(config);
  if (!model.success)
    return { problems: model.error.issues.map(({ path, message }) => ({ at: path.join('.'), message })) };
  const description: ClassifierDescription = {
    format: 2,
    kind: 'classifier',
    model: model.data,
    classes: Array.from({ length: classes }, (_, label) => String(label)),
    input: { size, cropFraction: 0.875, interpolation, colourProfiles: 'ignore' }, // both read with Pillow
    epoch: 0,
    step: 0,
    metrics: {},
  };
  return { description, problems: [] };
}
