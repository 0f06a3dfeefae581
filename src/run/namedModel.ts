/** A model by its name, its config, or its checkpoint. */
import { existsSync } from 'node:fs';
import { loadConfig, parseConfig } from '../config/load.js';
import { cmtVariantNames } from '../config/modelSchema.js';
import type { ClassificationConfig, Config, DetectionConfig } from '../config/schema.js';
import { UsageError } from '../errors.js';
import { specOf } from '../models/build.js';
import { readDescription } from '../models/modelFile.js';

export interface NamedModel {
  readonly name: string;
  /** Of a name or a checkpoint: the schema's defaults around its network; then `data.train` names nothing. */
  readonly config: Config;
  /** K */
  readonly classes: number;
  /** What it is made for. */
  readonly inputSize: InputSize;
}

/** Of pictures, in pixels. */
export type InputSize = readonly [height: number, width: number];

type Variant = (typeof cmtVariantNames)[number];

const imagenetClasses = 1000;
const cocoClasses = 80;

/** @throws UsageError when it is no file and no known name; ConfigError, CheckpointError as the file deserves */
export async function findModel(name: string): Promise<NamedModel> {
  const variant = cmtVariantNames.find((known) => name === known || name === `retinanet_${known}`);
  if (variant !== undefined) return byName(name, variant);
  if (!existsSync(name)) {
    const names = cmtVariantNames.flatMap((known) => [known, `retinanet_${known}`]);
    throw new UsageError(`${name}: no file, and no model of that name. Models: ${names.join(', ')}`);
  }
  return /\.ya?ml$/.test(name) ? modelOfConfig(name, await loadConfig(name)) : ofCheckpoint(name);
}

/** COCO's 80 classes at the size that papers count at, or 1000 ImageNet classes at the variant's own. */
function byName(name: string, variant: Variant): NamedModel {
  if (name.startsWith('retinanet_'))
    return { name, config: defaultDetection(variant), classes: cocoClasses, inputSize: [800, 1280] };
  const config = defaultClassification(variant);
  const { inputSize } = specOf(config.model);
  return { name, config, classes: imagenetClasses, inputSize: [inputSize, inputSize] };
}

/** The classes are in the data, which is not looked at: the usual number is taken. */
export function modelOfConfig(name: string, config: Config): NamedModel {
  return config.task === 'detection'
    ? { name, config, classes: cocoClasses, inputSize: [config.data.shortSide, config.data.longSide] }
    : { name, config, classes: imagenetClasses, inputSize: [config.data.size, config.data.size] };
}

function ofCheckpoint(name: string): NamedModel {
  const description = readDescription(name);
  if (description.kind === 'detector') {
    const { model, inference, input, categories } = description;
    const config = { ...defaultDetection('cmt_ti'), model, inference };
    return { name, config, classes: categories.length, inputSize: [input.shortSide, input.longSide] };
  }
  const { model, input, classes } = description;
  const config = { ...defaultClassification('cmt_ti'), model };
  return { name, config, classes: classes.length, inputSize: [input.size, input.size] };
}

function defaultDetection(variant: Variant): DetectionConfig {
  return parseConfig(
    `{ task: detection, model: { variant: ${variant} }, data: { train: { annotations: none, images: none } } }`,
    variant,
  ) as DetectionConfig;
}

function defaultClassification(variant: Variant): ClassificationConfig {
  return parseConfig(
    `{ task: classification, model: { variant: ${variant} }, data: { train: none } }`,
    variant,
  ) as ClassificationConfig;
}

/** [height, width] in pixels: `size`, or what the model is made for; rounded up to what the network takes, multiples of 32. */
export function inputSizeOf({ inputSize }: NamedModel, size: InputSize = inputSize): [number, number] {
  const [height, width] = size;
  return [Math.ceil(height / 32) * 32, Math.ceil(width / 32) * 32];
}
