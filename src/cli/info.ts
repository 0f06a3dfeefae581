/** `cmtdet info`: size and cost of a model. */
import { existsSync } from 'node:fs';
import { loadConfig, parseConfig } from '../config/load.js';
import { cmtVariantNames } from '../config/modelSchema.js';
import { UsageError } from '../errors.js';
import { buildClassifier, buildDetector, type ClassifierConfig, type DetectorConfig, specOf } from '../models/build.js';
import { cmtStrides } from '../models/cmt.js';
import { classifierHeadMacs, cmtMacs, detectorHeadMacs } from '../models/macs.js';
import { readDescription } from '../models/modelFile.js';
import { countParameters } from '../nn/module.js';
import { print, printJson, table } from './console.js';

interface Subject {
  readonly name: string;
  readonly model:
    | { readonly kind: 'classifier'; readonly config: ClassifierConfig }
    | { readonly kind: 'detector'; readonly config: DetectorConfig };
  readonly classes: number;
  /** [height, width] that the cost is counted for. */
  readonly inputSize: readonly [number, number];
}

export async function info(name: string, options: { readonly size?: string; readonly json?: boolean }): Promise<void> {
  const subject = await find(name);
  const inputSize = options.size === undefined ? subject.inputSize : parseSize(options.size);
  const result = describe({ ...subject, inputSize });
  if (options.json) {
    printJson(result);
    return;
  }
  print(
    table(
      [result.model, ''],
      [
        ['parameters', result.parameters.toLocaleString('en')],
        [`GMACs at ${inputSize.join(' x ')}`, (result.macs / 1e9).toFixed(3)],
        ['classes', result.classes],
      ],
    ),
  );
  print(
    `\n${table(
      ['map', 'stride', 'channels'],
      result.stages.map(({ stride, channels }, i) => [`C${i + 2}`, stride, channels]),
    )}`,
  );
}

function describe({ name, model, classes, inputSize }: Subject) {
  const [height, width] = inputSize.map((side) => Math.ceil(side / 32) * 32) as [number, number];
  const spec = specOf(model.config);
  const size = { height, width };
  const network =
    model.kind === 'classifier' ? buildClassifier(model.config, classes) : buildDetector(model.config, classes);
  const head =
    model.kind === 'classifier'
      ? classifierHeadMacs(spec, size, model.config.headChannels, classes)
      : detectorHeadMacs(spec, size, {
          channels: model.config.neckChannels,
          convs: model.config.headConvs,
          anchorsPerCell: model.config.anchors.scalesPerOctave * model.config.anchors.aspectRatios.length,
          classes,
          levels: model.config.levels.map((level) => Number(level.slice(1))),
        });
  return {
    model: name,
    parameters: countParameters(network),
    macs: cmtMacs(spec, size) + head,
    inputSize: [height, width],
    classes,
    stages: spec.dims.map((channels, s) => ({ stride: cmtStrides[s]!, channels })),
  };
}

async function find(name: string): Promise<Subject> {
  const variant = cmtVariantNames.find((known) => name === known || name === `retinanet_${known}`);
  if (variant !== undefined) return named(name, variant);
  if (!existsSync(name)) {
    const names = cmtVariantNames.flatMap((known) => [known, `retinanet_${known}`]);
    throw new UsageError(`${name}: no file, and no model of that name. Models: ${names.join(', ')}`);
  }
  if (/\.ya?ml$/.test(name)) {
    const config = await loadConfig(name);
    return config.task === 'detection'
      ? {
          name,
          model: { kind: 'detector', config: config.model },
          classes: 80,
          inputSize: [config.data.shortSide, config.data.longSide],
        }
      : {
          name,
          model: { kind: 'classifier', config: config.model },
          classes: 1000,
          inputSize: [config.data.size, config.data.size],
        };
  }
  const description = readDescription(name);
  return description.kind === 'detector'
    ? {
        name,
        model: { kind: 'detector', config: description.model },
        classes: description.categories.length,
        inputSize: [description.input.shortSide, description.input.longSide],
      }
    : {
        name,
        model: { kind: 'classifier', config: description.model },
        classes: description.classes.length,
        inputSize: [description.input.size, description.input.size],
      };
}

/** A model by name, with the schema's defaults: 1000 ImageNet classes, or COCO's 80 at the size that papers count at. */
function named(name: string, variant: (typeof cmtVariantNames)[number]): Subject {
  if (name.startsWith('retinanet_')) {
    const config = parseConfig(
      `{ task: detection, model: { variant: ${variant} }, data: { train: { annotations: a, images: i } } }`,
      name,
    );
    if (config.task !== 'detection') throw new UsageError(name);
    return { name, model: { kind: 'detector', config: config.model }, classes: 80, inputSize: [800, 1280] };
  }
  const config = parseConfig(`{ task: classification, model: { variant: ${variant} }, data: { train: t } }`, name);
  if (config.task !== 'classification') throw new UsageError(name);
  const { inputSize } = specOf(config.model);
  return {
    name,
    model: { kind: 'classifier', config: config.model },
    classes: 1000,
    inputSize: [inputSize, inputSize],
  };
}

function parseSize(text: string): [number, number] {
  const sides = text.split('x').map(Number);
  if (sides.length > 2 || !sides.every((side) => Number.isInteger(side) && side > 0)) {
    throw new UsageError(`--size ${text}: expected pixels, as 512 or 800x1280 (height x width)`);
  }
  return [sides[0]!, sides.at(-1)!];
}
