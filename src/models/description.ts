/** What a checkpoint says of itself: enough to build the network again and to prepare pictures as in training. */
import { z } from 'zod';
import { ClassificationData } from '../config/dataSchema.js';
import { ClassifierModel, DetectorModel } from '../config/modelSchema.js';
import { DetectionInference } from '../config/schema.js';

const common = {
  /** Version of this description. */
  format: z.literal(1),
  /** Epochs and updates that the weights have seen. */
  epoch: z.number(),
  step: z.number(),
  /** What was measured of these weights, by name. */
  metrics: z.record(z.string(), z.number().nullable()),
};

export const DetectorDescription = z.object({
  ...common,
  kind: z.literal('detector'),
  model: DetectorModel,
  /** In the order of labels; ids as in the annotations. */
  categories: z.array(z.object({ id: z.number(), name: z.string() })).min(1),
  input: z.object({ shortSide: z.number(), longSide: z.number() }),
  inference: DetectionInference,
});

const { size, cropFraction, interpolation } = ClassificationData.shape;

export const ClassifierDescription = z.object({
  ...common,
  kind: z.literal('classifier'),
  model: ClassifierModel,
  /** In the order of labels. */
  classes: z.array(z.string()).min(1),
  input: z.object({ size, cropFraction, interpolation }),
});

export const ModelDescription = z.discriminatedUnion('kind', [DetectorDescription, ClassifierDescription]);

export type DetectorDescription = z.infer<typeof DetectorDescription>;
export type ClassifierDescription = z.infer<typeof ClassifierDescription>;
export type ModelDescription = z.infer<typeof ModelDescription>;
