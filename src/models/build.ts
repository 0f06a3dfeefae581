/** From names in a config to networks: the one place where the two meet. */
import type { ClassificationConfig, DetectionConfig } from '../config/schema.js';
import { pyramidLevels } from '../detection/anchors.js';
import type { Size } from '../geometry/size.js';
import { BatchNorm } from '../nn/layers.js';
import { Module, seedParameters } from '../nn/module.js';
import type { Interpolation } from '../nn/resample.js';
import { Cmt, type CmtSpec, cmtVariants } from './cmt.js';
import { CmtClassifier } from './cmtClassifier.js';
import { Fpn } from './fpn.js';
import { GridBias } from './positionBias/gridBias.js';
import type { BiasShape, PositionBias } from './positionBias/positionBias.js';
import { TableBias } from './positionBias/tableBias.js';
import { RetinaNet, RetinaNetHead } from './retinanet.js';

export type ClassifierConfig = ClassificationConfig['model'];
export type DetectorConfig = DetectionConfig['model'];

/** The widths that a config names or gives. */
export function specOf({ variant, biasSize }: Pick<ClassifierConfig, 'variant' | 'biasSize'>): CmtSpec {
  if (typeof variant === 'string')
    return { ...cmtVariants[variant], ...(biasSize === null ? {} : { inputSize: biasSize }) };
  return { ...variant, inputSize: biasSize! }; // the schema asks for biasSize where widths are given
}

function buildBackbone(config: ClassifierConfig | DetectorConfig): Cmt {
  const { dropPath } = config;
  return new Cmt(specOf(config), { dropPath, positionBias: (stage) => buildPositionBias(config, stage) });
}

function buildPositionBias(
  { positionBias, biasResample, biasTableFit }: ClassifierConfig | DetectorConfig,
  stage: BiasShape,
): PositionBias | undefined {
  switch (positionBias) {
    case 'none':
      return undefined;
    case 'grid':
      return new GridBias(stage, biasResample);
    case 'table':
      return new TableBias(stage, biasTableFit, biasResample as Interpolation); // the schema keeps `flattened` to the grid
  }
}

/** @param classes K */
export function buildClassifier(config: ClassifierConfig, classes: number, seed = 0): CmtClassifier {
  const headDropout = config.headDropout ?? (config.variant === 'cmt_b' ? 0.3 : 0.1); // as released
  const { headChannels } = config;
  const model = new CmtClassifier(buildBackbone(config), { classes, headChannels, headDropout });
  seedParameters(model, seed);
  return model;
}

/** @param classes K */
export function buildDetector(config: DetectorConfig, classes: number, seed = 0): RetinaNet {
  const backbone = buildBackbone(config);
  const levels = levelNumbers(config);
  const { neckChannels: channels, anchors } = config;
  const neck = new Fpn({ inChannels: backbone.spec.dims, channels, firstLevel: levels[0]!, lastLevel: levels.at(-1)! });
  const head = new RetinaNetHead({
    channels,
    convs: config.headConvs,
    norm: config.headNorm,
    anchorsPerCell: anchors.scalesPerOctave * anchors.aspectRatios.length,
    classes,
    priorProbability: config.priorProbability,
  });
  const model = new RetinaNet(backbone, neck, head);
  seedParameters(model, seed);
  freezeBackbone(backbone, config);
  return model;
}

/** Freezes the first stages, and the statistics of all where asked for. */
function freezeBackbone(backbone: Cmt, { frozenStages, batchNorm }: DetectorConfig): void {
  const frozen: Module[] = frozenStages === 0 ? [] : [backbone.stem, ...backbone.stages.slice(0, frozenStages)];
  for (const module of frozen) module.freeze();
  for (const module of batchNorm === 'frozen' ? [backbone] : frozen) {
    for (const norm of modulesOf(module, BatchNorm)) norm.frozen = true;
  }
}

function* modulesOf<T extends Module>(module: Module, kind: new (...args: never[]) => T): Generator<T> {
  if (module instanceof kind) yield module;
  for (const field of Object.values(module)) {
    for (const child of Array.isArray(field) ? field : [field])
      if (child instanceof Module) yield* modulesOf(child, kind);
  }
}

/** 3 … 7 for P3 … P7. */
export const levelNumbers = ({ levels }: DetectorConfig): number[] => levels.map((name) => Number(name.slice(1)));

/** The pyramid levels of a padded input, fine to coarse. */
export function levelsOf(config: DetectorConfig, inputSize: Size) {
  return pyramidLevels(
    inputSize,
    levelNumbers(config).map((level) => 2 ** level),
  );
}
