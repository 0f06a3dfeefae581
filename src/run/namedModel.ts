/** A model by its name, its config, or its checkpoint. */
import { existsSync } from 'node:fs';
import { loadConfig } from '../config/load.js';
import { type ModelOfName, modelNames, modelOfName } from '../config/namedModels.js';
import { ClassificationConfig, type Config, DetectionConfig } from '../config/schema.js';
import { UsageError } from '../errors.js';
import { buildClassifier } from '../models/build.js';
import { readDescription } from '../models/checkpoints/modelFile.js';

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

const imagenetClasses = 1000;
const cocoClasses = 80;

/** @throws UsageError when it is no file and no known name; ConfigError, CheckpointError as the file deserves */
export async function findModel(name: string): Promise<NamedModel> {
  const named = modelOfName(name);
  if (named !== undefined) return byName(name, named);
  if (!existsSync(name))
    throw new UsageError(`${name}: no file, and no model of that name. Models: ${modelNames.join(', ')}`);
  return /\.ya?ml$/.test(name) ? modelOfConfig(name, await loadConfig(name)) : ofCheckpoint(name);
}

/** COCO's 80 classes at the size that papers count at, or 1000 ImageNet classes at the backbone's usual size. */
function byName(name: string, { task, model }: ModelOfName): NamedModel {
  if (task === 'detection')
    return { name, config: defaultDetection(model), classes: cocoClasses, inputSize: [800, 1280] };
  const config = defaultClassification(model);
  const { usualSize } = buildClassifier(config.model, imagenetClasses).backbone;
  return { name, config, classes: imagenetClasses, inputSize: [usualSize, usualSize] };
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
    const config = { ...defaultDetection(model), inference };
    return { name, config, classes: categories.length, inputSize: [input.shortSide, input.longSide] };
  }
  const { model, input, classes } = description;
  return { name, config: defaultClassification(model), classes: classes.length, inputSize: [input.size, input.size] };
}

const defaultDetection = (model: object): DetectionConfig =>
  DetectionConfig.parse({ task: 'detection', model, data: { train: { annotations: 'none', images: 'none' } } });

const defaultClassification = (model: object): ClassificationConfig =>
  ClassificationConfig.parse({ task: 'classification', model, data: { train: 'none' } });

/** [height, width] in pixels: `size`, or what the model is made for; rounded up to what the network takes, multiples of 32. */
export function inputSizeOf({ inputSize }: NamedModel, size: InputSize = inputSize): [number, number] {
  const [height, width] = size;
  return [Math.ceil(height / 32) * 32, Math.ceil(width / 32) * 32];
}
