/** Checkpoints from before there was more than one backbone and head: their description said `model.variant` and the like. */
import { isRecord } from '../../config/jsonSchema.js';

/** The description as it is written today, where it is one of format 1; else what it was. */
export function upgraded(description: unknown): unknown {
  if (!isRecord(description) || description.format !== 1 || !isRecord(description.model)) return description;
  const { model } = description;
  return { ...description, format: 2, model: description.kind === 'detector' ? detector(model) : classifier(model) };
}

type Keys = Readonly<Record<string, unknown>>;

const backboneKeys = ['variant', 'positionBias', 'biasSize', 'biasResample', 'biasTableFit', 'dropPath'] as const;

function classifier(model: Keys) {
  const { headChannels: channels, headDropout: dropout } = model;
  return { backbone: backbone(model, backboneKeys), head: { name: 'cmt', channels, dropout } };
}

function detector(model: Keys) {
  const { neckChannels: channels, levels, headConvs: convs, headNorm: norm, anchors, priorProbability, loss } = model;
  return {
    backbone: backbone(model, [...backboneKeys, 'frozenStages', 'batchNorm']),
    neck: { name: 'fpn', channels, levels },
    head: { name: 'retinanet', convs, norm, anchors, priorProbability, loss },
  };
}

const backbone = (model: Keys, keys: readonly string[]) => ({
  name: 'cmt',
  ...Object.fromEntries(keys.filter((key) => key in model).map((key) => [key, model[key]])),
});
