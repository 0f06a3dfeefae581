/** From names in a config to networks: the one place where the two meet. */
import type { ClassificationConfig, Config, DetectionConfig } from '../config/schema.js';
import { BatchNorm } from '../nn/layers.js';
import { type Module, modulesOf, seedParameters } from '../nn/module.js';
import type { Interpolation } from '../nn/resample.js';
import type { Backbone } from './backbones/backbone.js';
import { Cmt, type CmtSpec, cmtVariants } from './backbones/cmt.js';
import { GridBias } from './backbones/positionBias/gridBias.js';
import type { BiasShape, PositionBias } from './backbones/positionBias/positionBias.js';
import { TableBias } from './backbones/positionBias/tableBias.js';
import { Resnet } from './backbones/resnet.js';
import type { ClassifierNetwork } from './classifiers/classifierNetwork.js';
import { CmtClassifier } from './classifiers/cmtClassifier.js';
import { LinearClassifier } from './classifiers/linearClassifier.js';
import { DetectorNetwork } from './detectorNetwork.js';
import { Fpn } from './fpn.js';
import type { DenseHead } from './heads/denseHead.js';
import { FcosHead } from './heads/fcos.js';
import { RetinanetHead } from './heads/retinanet.js';

export type ClassifierConfig = ClassificationConfig['model'];
export type DetectorConfig = DetectionConfig['model'];

type BackboneConfig = ClassifierConfig['backbone'] | DetectorConfig['backbone'];
type CmtConfig = Extract<BackboneConfig, { name: 'cmt' }>;

export interface BuildOptions {
  /** Of the first weights. @default 0 */
  readonly seed?: number;
  /** Stages of the backbone, counted from 1, whose activations training computes again to save memory. @default none */
  readonly recomputeStages?: readonly number[];
}

/** The network of a config, as its training builds it. @param classes K */
export const networkOf = (config: Config, classes: number): ClassifierNetwork | DetectorNetwork =>
  config.task === 'classification'
    ? buildClassifier(config.model, classes, config.train)
    : buildDetector(config.model, classes, config.train);

/** @param classes K */
export function buildClassifier(
  config: ClassifierConfig,
  classes: number,
  { seed = 0, recomputeStages = [] }: BuildOptions = {},
): ClassifierNetwork {
  const backbone = buildBackbone(config.backbone);
  backbone.recompute(recomputeStages);
  const model = buildClassifierOn(backbone, config, classes);
  seedParameters(model, seed);
  return model;
}

/** @param classes K */
export function buildDetector(
  config: DetectorConfig,
  classes: number,
  { seed = 0, recomputeStages = [] }: BuildOptions = {},
): DetectorNetwork {
  const backbone = buildBackbone(config.backbone);
  backbone.recompute(recomputeStages);
  const levels = config.neck.levels.map((name) => Number(name.slice(1)));
  const neck = new Fpn({
    ...config.neck,
    inChannels: backbone.channels,
    firstLevel: levels[0]!,
    lastLevel: levels.at(-1)!,
  });
  const model = new DetectorNetwork(backbone, neck, buildHead(config.head, neck, classes));
  seedParameters(model, seed);
  freezeBackbone(backbone, config.backbone);
  return model;
}

function buildBackbone(config: BackboneConfig): Backbone {
  switch (config.name) {
    case 'cmt':
      return new Cmt(specOf(config), {
        dropPath: config.dropPath,
        positionBias: (stage) => buildPositionBias(config, stage),
      });
    case 'resnet':
      return new Resnet(config.depth);
  }
}

/** The widths that a config names or gives. */
function specOf({ variant, biasSize }: CmtConfig): CmtSpec {
  if (typeof variant === 'string')
    return { ...cmtVariants[variant], ...(biasSize === null ? {} : { inputSize: biasSize }) };
  return { ...variant, inputSize: biasSize! }; // the schema asks for biasSize where widths are given
}

function buildPositionBias(
  { positionBias, biasResample, biasTableFit }: CmtConfig,
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

function buildClassifierOn(
  backbone: Backbone,
  { backbone: config, head }: ClassifierConfig,
  classes: number,
): ClassifierNetwork {
  switch (head?.name ?? (config.name === 'cmt' ? 'cmt' : 'linear')) {
    case 'cmt': {
      const given = head?.name === 'cmt' ? head : { channels: 1280, dropout: null };
      const released = config.name === 'cmt' && config.variant === 'cmt_b' ? 0.3 : 0.1;
      const [headChannels, headDropout] = [given.channels, given.dropout ?? released];
      return new CmtClassifier(backbone, { classes, headChannels, headDropout });
    }
    case 'linear':
      return new LinearClassifier(backbone, { classes, ...(head?.name === 'linear' && { dropout: head.dropout }) });
  }
}

function buildHead(
  config: DetectorConfig['head'],
  { options: { channels }, strides }: Fpn,
  classes: number,
): DenseHead {
  const common = { channels, classes, strides };
  const { focalAlpha: alpha, focalGamma: gamma } = config.loss;
  switch (config.name) {
    case 'retinanet':
      return new RetinanetHead({ ...config, ...common, loss: { ...config.loss, alpha, gamma } });
    case 'fcos':
      return new FcosHead({ ...config, ...common, loss: { ...config.loss, alpha, gamma } });
  }
}

/** Freezes the first stages, and the statistics of all where asked for. */
function freezeBackbone(backbone: Backbone, { frozenStages, batchNorm }: DetectorConfig['backbone']): void {
  const frozen: Module[] = frozenStages === 0 ? [] : [backbone.stem, ...backbone.stages.slice(0, frozenStages)];
  for (const module of frozen) module.freeze();
  for (const module of batchNorm === 'frozen' ? [backbone] : frozen) {
    for (const norm of modulesOf(module, BatchNorm)) norm.frozen = true;
  }
}
