/** `cmtdet doctor CONFIG --placement`: what of a config's work would run on a GPU, and what would be copied. */
import type { Config } from '../config/schema.js';
import { type CopiedKind, type PlacedKind, placement, type WorkPlacement } from '../run/placement.js';
import { paint, print, printJson, table } from './console.js';

export async function reportPlacement(config: Config, json: boolean): Promise<void> {
  const report = await placement(config);
  if (json) {
    printJson(report);
    return;
  }
  print(`By the kernels of TensorFlow ${report.tensorflow}'s CUDA build; the graph is traced, nothing is computed.`);
  for (const work of report.works) describe(work);
}

function describe({ work, batch, inputSize, operations, copies, unexplained, unknownShapes }: WorkPlacement): void {
  const count = (chosen: readonly PlacedKind[]) =>
    chosen.reduce((sum, kind) => sum + kind.count, 0).toLocaleString('en');
  const at = (place: PlacedKind['place']) => count(operations.filter((kind) => kind.place === place));
  print(
    `\n${table(
      [`${work === 'train' ? 'training step' : 'inference'}, ${batch} x ${inputSize.join(' x ')}`, 'operations'],
      [
        ['all, without constants', count(operations)],
        ['on the GPU', at('GPU')],
        ['on the host, integers', at('host')],
        ['on the CPU, for want of a kernel', at('CPU')],
        ['XLA can compile', count(operations.filter(({ xla }) => xla))],
        ['of a shape that is not known beforehand', unknownShapes],
      ],
    )}`,
  );
  const others = operations.filter(({ place, xla }) => place !== 'GPU' || !xla);
  print(`\n${table(['not on the GPU, or not for XLA', 'count', 'where', 'XLA'], others.map(kindRow))}`);
  for (const reason of new Set(others.flatMap(({ reasons }) => reasons)))
    print(`  ${kindsOf(others, reason)}: ${reason}`);
  print(`\n${table(['copied in each run', 'to', 'type', 'count', 'bytes', ''], copies.map(copyRow))}`);
  for (const { producer, reason } of copies.filter(({ reason }) => reason !== '')) print(`  ${producer}: ${reason}`);
  const verdict = `${unexplained} of these are without a reason`;
  print(
    `\n${unexplained === 0 ? paint('green', 'All of these have a reason.', process.stdout) : paint('yellow', verdict, process.stdout)}`,
  );
}

function kindRow({ type, results, count, place, xla }: PlacedKind): (string | number)[] {
  return [`${type} ${results.join()}`, count, place, xla ? 'yes' : 'no'];
}

const kindsOf = (kinds: readonly PlacedKind[], reason: string): string =>
  [...new Set(kinds.filter(({ reasons }) => reasons.includes(reason)).map(({ type }) => type))].join(', ');

function copyRow({ producer, consumers, to, type, count, bytes, midway }: CopiedKind): (string | number)[] {
  return [
    `${producer} for ${consumers.join(', ')}`,
    to,
    type,
    count,
    bytes.toLocaleString('en'),
    midway ? 'midway' : '',
  ];
}
