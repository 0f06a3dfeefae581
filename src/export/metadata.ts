/** What a model that left cmtdet says of itself to those who use it. */
import { sizeDivisor } from '../geometry/size.js';
import { Classifier } from '../models/classifier.js';
import type { Detector } from '../models/detector.js';
import { pixelDeviation, pixelMean } from '../models/preprocess.js';

/** Inputs and outputs as a format names them. */
export interface Preparation {
  readonly inputs: readonly unknown[];
  readonly outputs: readonly unknown[];
}

/** By name; values that are no text are JSON. */
export function describeForOthers(
  model: Classifier | Detector,
  { inputs, outputs }: Preparation,
  version: string,
): Record<string, string> {
  const normalisation = {
    inside: true,
    mean: pixelMean,
    deviation: pixelDeviation,
    colours: 'RGB',
    values: '0 ... 255',
  };
  const common = { version, inputs: JSON.stringify(inputs), outputs: JSON.stringify(outputs) };
  if (model instanceof Classifier)
    return { ...common, kind: 'classifier', preprocessing: JSON.stringify({ layout: 'NHWC', normalisation }) };
  const { description, categories } = model;
  const { shapes, ...resize } = description.input;
  const preprocessing = {
    layout: 'NHWC',
    resize: { ...resize, keepRatio: true, filter: 'bilinear, as Pillow has it' },
    padding: { multipleOf: sizeDivisor, shapes, inside: true },
    normalisation,
  };
  return {
    ...common,
    kind: 'detector',
    classes: JSON.stringify(categories),
    preprocessing: JSON.stringify(preprocessing),
    inference: JSON.stringify(description.inference),
    model: JSON.stringify(description.model),
  };
}
