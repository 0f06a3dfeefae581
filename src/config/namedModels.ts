/** Networks by the names that papers and commands call them: `cmt_ti`, `resnet50`, `retinanet_cmt_s`, `fcos_r50`. */
import { namedBackbones, publishedFreezing } from './backboneSchema.js';
import { namedDetectors } from './headSchema.js';

/** The `model` section that a name stands for; the schema fills in the rest. */
export interface ModelOfName {
  readonly task: 'classification' | 'detection';
  readonly model: object;
}

const classifiers = Object.entries(namedBackbones).map(([name, backbone]): [string, ModelOfName] => [
  name,
  { task: 'classification', model: { backbone } },
]);

const detectors = Object.entries(namedDetectors).flatMap(([kind, parts]) =>
  Object.entries(namedBackbones).map(([name, backbone]): [string, ModelOfName] => [
    `${kind}_${shortened(name)}`,
    { task: 'detection', model: { backbone: { ...backbone, ...publishedFreezing(name) }, ...parts } },
  ]),
);

const named = new Map([...classifiers, ...detectors]);

export const modelNames: readonly string[] = [...named.keys()];

/** `retinanet_resnet50` is `retinanet_r50`. */
export const modelOfName = (name: string): ModelOfName | undefined =>
  named.get(name.replace(/(?<=_)resnet\d+$/, shortened));

/** As detectors are called: `r50` for `resnet50`. */
function shortened(backbone: string): string {
  return backbone.replace('resnet', 'r');
}
