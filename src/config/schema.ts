import { z } from 'zod';
import { ClassificationData, DetectionData } from './dataSchema.js';
import { ClassifierModel, DetectorModel } from './modelSchema.js';
import { classificationDefaults, detectionDefaults, trainSchema } from './trainSchema.js';
import { count, fraction } from './values.js';

const batchSize = count
  .nullable()
  .default(null)
  .describe('Pictures measured at a time; no number depends on it. null: as in training.');

export const DetectionInference = z.strictObject({
  scoreThreshold: fraction.default(0.05).describe('Scores must exceed this.'),
  nmsIou: fraction
    .default(0.5)
    .describe('Of two boxes of a class that overlap by more than this, the better one stays.'),
  preNmsTopK: count.default(1000).describe('Candidates of each level, over all anchors and classes.'),
  maxDetections: count.default(100).describe('Boxes of a picture, over all classes.'),
  batchSize,
});

export const Engine = z.strictObject({
  threads: count.nullable().default(null).describe('Cores that TensorFlow may use. null: all.'),
  xla: z
    .union([z.boolean(), z.literal('auto')])
    .default('auto')
    .describe(
      'Compile with XLA. For GPUs: on a CPU this network gets several times slower. auto: in training on a GPU, where there are ' +
        'at most 4 input shapes.',
    ),
  mixedPrecision: z
    .enum(['auto', 'none', 'bfloat16', 'float16'])
    .default('auto')
    .describe(
      'Precision of convolutions and products of matrices; weights stay float32. float16: for GPUs, with dynamic loss ' +
        'scaling. bfloat16: for CPUs that have instructions for it. Neither has an effect elsewhere. auto: float16 in training ' +
        'on a GPU of compute capability 7.0 or more, else none.',
    ),
  fuse: z
    .enum(['auto', 'all', 'none'])
    .default('auto')
    .describe(
      'Which chains of element-wise operations are compiled into one pass each. auto: those over large tensors, on CPUs ' +
        'and without xla. none: for a machine where `cmtdet doctor` says that compiling fails.',
    ),
  memoryGrowth: z.boolean().default(true).describe('Take GPU memory as needed instead of all at the start.'),
});

const commonKeys = { engine: Engine.prefault({}).describe('How TensorFlow runs.') };

interface Measuring {
  readonly data: { readonly val: unknown };
  readonly train: Pick<z.infer<ReturnType<typeof trainSchema>>, 'earlyStopping' | 'validationLoss'>;
}

/** What is to be done with measurements needs some. */
function checkMeasured({ data, train }: Measuring, context: z.RefinementCtx): void {
  const say = (key: string, message: string) => context.addIssue({ code: 'custom', path: ['train', key], message });
  const { earlyStopping, validationLoss } = train;
  if (data.val === null && earlyStopping !== null) say('earlyStopping', 'nothing is measured without data.val');
  if (data.val === null && validationLoss) say('validationLoss', 'there is none without data.val');
  if (earlyStopping?.metric === 'loss' && !validationLoss)
    say('earlyStopping', 'the loss on val is measured only where validationLoss is true');
}

export const DetectionConfig = z
  .strictObject({
    task: z.literal('detection').describe('Boxes and classes, from COCO json.'),
    model: DetectorModel,
    inference: DetectionInference.prefault({}).describe('From scores to boxes.'),
    data: DetectionData,
    train: trainSchema(detectionDefaults, 'step').prefault({}),
    ...commonKeys,
  })
  .superRefine(checkMeasured);

export const ClassificationConfig = z
  .strictObject({
    task: z
      .literal('classification')
      .describe('One class a picture, from folders as in ImageNet. Pretrains the backbone.'),
    model: ClassifierModel,
    inference: z.strictObject({ batchSize }).prefault({}).describe('Measuring.'),
    data: ClassificationData,
    train: trainSchema(classificationDefaults, 'authorsCosine').prefault({}),
    ...commonKeys,
  })
  .superRefine(checkMeasured);

/** Everything that decides a run: what a YAML file in configs/ says, with defaults filled in. */
export const Config = z.discriminatedUnion('task', [DetectionConfig, ClassificationConfig]);

export type Engine = z.infer<typeof Engine>;
export type DetectionConfig = z.infer<typeof DetectionConfig>;
export type ClassificationConfig = z.infer<typeof ClassificationConfig>;
export type Config = z.infer<typeof Config>;
