/** What a checkpoint says of itself: enough to build the network again and to prepare pictures as in training. */
import { z } from 'zod';
import { ClassificationData } from '../../config/dataSchema.js';
import { ClassifierModel, DetectorModel } from '../../config/modelSchema.js';
import { type DetectionConfig, DetectionInference } from '../../config/schema.js';
import type { Category } from '../../data/detection/dataset.js';
import { type InputRule, sizeDivisor } from '../../geometry/size.js';

const common = {
  /** Version of this description. */
  format: z.literal(2),
  /** Epochs and updates that the weights have seen. */
  epoch: z.number(),
  step: z.number(),
  /** What was measured of these weights, by name. */
  metrics: z.record(z.string(), z.number().nullable()),
};

const { size, cropFraction, interpolation, colourProfiles } = ClassificationData.shape;

/** Padded shapes that pictures are brought to; absent in checkpoints of earlier versions. */
const shapes = z
  .array(z.tuple([z.int().positive().multipleOf(sizeDivisor), z.int().positive().multipleOf(sizeDivisor)]).readonly())
  .max(64)
  .readonly()
  .optional();

export const DetectorDescription = z.object({
  ...common,
  kind: z.literal('detector'),
  model: DetectorModel,
  /** In the order of labels; ids as in the annotations. */
  categories: z.array(z.object({ id: z.number(), name: z.string() })).min(1),
  input: z.object({ shortSide: z.number(), longSide: z.number(), shapes, colourProfiles }),
  inference: DetectionInference,
});

export const ClassifierDescription = z.object({
  ...common,
  kind: z.literal('classifier'),
  model: ClassifierModel,
  /** In the order of labels. */
  classes: z.array(z.string()).min(1),
  input: z.object({ size, cropFraction, interpolation, colourProfiles }),
});

export const ModelDescription = z.discriminatedUnion('kind', [DetectorDescription, ClassifierDescription]);

export type DetectorDescription = z.infer<typeof DetectorDescription>;
export type ClassifierDescription = z.infer<typeof ClassifierDescription>;
export type ModelDescription = z.infer<typeof ModelDescription>;

type Progress = Pick<DetectorDescription, 'epoch' | 'step' | 'metrics'>;

/**
 * Describes the detector of a config.
 *
 * @param progress of its weights; left out where nothing was trained
 * @param shapes that it is trained with, and pads pictures to
 */
export function describeDetector(
  { model, inference, data: { shortSide, longSide, colourProfiles } }: DetectionConfig,
  categories: readonly Category[],
  { epoch, step, metrics }: Progress = { epoch: 0, step: 0, metrics: {} },
  shapes?: InputRule['shapes'],
): DetectorDescription {
  const input = { shortSide, longSide, ...(shapes && { shapes }), colourProfiles };
  return {
    format: 2,
    kind: 'detector',
    epoch,
    step,
    metrics: { ...metrics },
    model,
    categories: [...categories],
    input,
    inference,
  };
}

/** Categories 1 … K where there are no annotations to name them. */
export const numberedCategories = (count: number): Category[] =>
  Array.from({ length: count }, (_, label) => ({ id: label + 1, name: `class ${label}` }));
