/** `cmtdet info`: size and cost of a model. */
import { buildClassifier, buildDetector, specOf } from '../models/build.js';
import { cmtStrides } from '../models/cmt.js';
import { modelMacs } from '../models/macs.js';
import { countParameters } from '../nn/module.js';
import { print, printJson, table } from './console.js';
import { findModel, inputSizeOf, type NamedModel } from './namedModel.js';

export async function info(name: string, options: { readonly size?: string; readonly json?: boolean }): Promise<void> {
  const model = await findModel(name);
  const result = describe(model, inputSizeOf(model, options.size));
  if (options.json) {
    printJson(result);
    return;
  }
  print(
    table(
      [result.model, ''],
      [
        ['parameters', result.parameters.toLocaleString('en')],
        [`GMACs at ${result.inputSize.join(' x ')}`, (result.macs / 1e9).toFixed(3)],
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

function describe({ name, config, classes }: NamedModel, [height, width]: [number, number]) {
  const network =
    config.task === 'classification' ? buildClassifier(config.model, classes) : buildDetector(config.model, classes);
  return {
    model: name,
    parameters: countParameters(network),
    macs: modelMacs(config, classes, { height, width }),
    inputSize: [height, width],
    classes,
    stages: specOf(config.model).dims.map((channels, s) => ({ stride: cmtStrides[s]!, channels })),
  };
}
