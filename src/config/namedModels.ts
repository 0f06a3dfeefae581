/** Networks by the names that papers and commands call them: `cmt_ti`, `resnet50`, `retinanet_cmt_s`, `fcos_r50`. */
import { cmtVariantNames, resnetDepths } from './backboneSchema.js';

/** The `model` section that a name stands for; the schema fills in the rest. */
export interface ModelOfName {
  readonly task: 'classification' | 'detection';
  readonly model: object;
}

const cmts = cmtVariantNames.map((variant) => [variant, { name: 'cmt', variant }] as const);
const resnets = resnetDepths.map((depth) => [`resnet${depth}`, { name: 'resnet', depth }] as const);
const backbones = new Map<string, object>([...cmts, ...resnets]);

/** Neck and head by the first part of a detector's name. */
const detectors = {
  retinanet: {},
  fcos: { neck: { extraFrom: 'p5', extraRelu: true }, head: { name: 'fcos' } },
} as const;

const ofDetectors = Object.entries(detectors).flatMap(([kind, parts]) =>
  [...backbones].map(([name, backbone]): [string, ModelOfName] => [
    `${kind}_${name.replace('resnet', 'r')}`,
    { task: 'detection', model: { backbone, ...parts } },
  ]),
);

const named = new Map<string, ModelOfName>([
  ...[...backbones].map(([name, backbone]): [string, ModelOfName] => [
    name,
    { task: 'classification', model: { backbone } },
  ]),
  ...ofDetectors,
]);

export const modelNames: readonly string[] = [...named.keys()];

/** `retinanet_resnet50` is `retinanet_r50`. */
export const modelOfName = (name: string): ModelOfName | undefined =>
  named.get(name.replace(/(?<=_)resnet(?=\d)/, 'r'));
