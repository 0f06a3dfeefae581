/** `cmtdet export`: a trained model for other programs. */
import { UsageError } from '../errors.js';
import type { Difference } from '../export/compare.js';
import { type ExportOptions, type ExportResult, exportModel } from '../run/export.js';
import type { ExportedNumbers } from '../run/measureExported.js';
import { print, printJson, table, warn } from './console.js';
import { LiveLine } from './liveLine.js';

export interface ExportCommandOptions
  extends Omit<ExportOptions, 'checkpoint' | 'opset' | 'size' | 'val' | 'observer'> {
  /** COCO json, and its pictures: a val set to measure on. */
  readonly annotations?: string;
  readonly images?: string;
  readonly opset?: string;
  readonly size?: readonly [height: number, width: number];
  readonly json?: boolean;
}

export async function runExport(checkpoint: string, command: ExportCommandOptions): Promise<void> {
  const { json, opset, size, annotations, images, ...others } = command;
  if ((annotations === undefined) !== (images === undefined))
    throw new UsageError('a val set is --annotations FILE and --images FOLDER: give both');
  const line = new LiveLine();
  const onProgress = (done: number, total: number) => line.update(`measuring: ${done} of ${total} pictures`);
  const result = await exportModel({
    ...others,
    checkpoint,
    val: annotations === undefined || images === undefined ? undefined : { annotations, images },
    observer: { onProgress },
    opset: opset === undefined ? undefined : (Number(opset) as NonNullable<ExportOptions['opset']>),
    size: size && { height: size[0], width: size[1] },
  }).finally(() => line.clear());
  if (json) printJson(result);
  else report(result);
}

const megabyte = 1e6;

function report({ files, verification, measured }: ExportResult): void {
  for (const { path, bytes } of files) print(`${path}  ${(bytes / megabyte).toFixed(1)} MB`);
  if (verification === undefined) {
    warn('onnxruntime-node is not installed, so the file was not compared with cmtdet: npm install onnxruntime-node');
    return;
  }
  const { runtime, pictures, differences } = verification;
  print(`compared with cmtdet on ${pictures} pictures, by ${runtime}; the largest difference of any number:`);
  for (const { output, largest, of } of differences)
    print(`  ${output}  ${largest.toPrecision(2)} of ${of.toPrecision(3)}`);
  if (nothingFound(differences))
    warn(
      'nothing was found in these pictures, so boxes were not compared: --pictures names some in which there is something',
    );
  if (measured !== undefined) printMeasured(measured);
}

/** The list of boxes was empty on both sides, which says nothing of them. */
const nothingFound = (differences: readonly Difference[]): boolean =>
  differences.some(({ output, of }) => output === 'places in the list' && of === 0);

function printMeasured({ own, exported }: ExportedNumbers): void {
  const show = (value: number | null | undefined, digits: number) => value?.toFixed(digits) ?? 'n/a';
  const rows = Object.keys(own).map((name) => {
    const [before, after] = [own, exported].map(
      (stats) => (({ ...stats }) as Readonly<Record<string, number | null>>)[name]!,
    );
    const change = before === null || after === null ? null : after! - before!;
    return [name, show(before, 4), show(after, 4), show(change, 5)];
  });
  print(`\n${table(['on val', 'cmtdet', 'ONNX', 'change'], rows)}`);
}
