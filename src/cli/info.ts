/** `cmtdet info`: size and cost of a model. */
import { type InfoOptions, info } from '../run/info.js';
import type { MemoryEstimate, MemoryReport } from '../run/memory.js';
import { print, printJson, table } from './console.js';

export async function runInfo({ json, ...options }: InfoOptions & { readonly json?: boolean }): Promise<void> {
  const result = await info(options);
  const { frozenParameters: frozen } = result;
  if (json) {
    printJson(result);
    return;
  }
  print(
    table(
      [result.model, ''],
      [
        ['parameters', result.parameters.toLocaleString('en')],
        ...(frozen > 0 ? [['frozen', frozen.toLocaleString('en')] as const] : []),
        [`GMACs at ${result.inputSize.join(' x ')}`, (result.macs / 1e9).toFixed(3)],
        ['classes', result.classes],
      ],
    ),
  );
  if (result.memory !== undefined) describeMemory(result.memory);
  print(
    `\n${table(
      ['map', 'stride', 'channels'],
      result.stages.map(({ stride, channels }, i) => [`C${i + 2}`, stride, channels]),
    )}`,
  );
}

function describeMemory({ batch, train, inference, machineBytes, largestBatch }: MemoryReport): void {
  const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(0);
  const row = (name: string, { variableBytes, valueBytes, programBytes, totalBytes }: MemoryEstimate) => [
    name,
    ...[variableBytes, valueBytes, programBytes, totalBytes].map(mib),
  ];
  print(
    `\n${table(
      [`MiB on a CPU, ${batch} pictures`, 'variables', 'values', 'program', 'in all'],
      [row('training step', train), row('inference', inference)],
    )}`,
  );
  print(`largest batch to train with in this machine's ${mib(machineBytes)} MiB: ${largestBatch}`);
}
