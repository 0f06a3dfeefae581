/** `cmtdet info`: size and cost of a model. */
import { type InfoOptions, info } from '../run/info.js';
import { print, printJson, table } from './console.js';

export async function runInfo({ json, ...options }: InfoOptions & { readonly json?: boolean }): Promise<void> {
  const result = await info(options);
  if (json) {
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
