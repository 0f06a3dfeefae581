/** `cmtdet export`: a trained model for other programs. */
import { UsageError } from '../errors.js';
import { type ExportOptions, type ExportResult, exportModel } from '../run/export.js';
import { print, printJson, warn } from './console.js';

export interface ExportCommandOptions extends Omit<ExportOptions, 'checkpoint' | 'opset' | 'size'> {
  readonly opset?: string;
  readonly size?: readonly [height: number, width: number];
  readonly json?: boolean;
}

export async function runExport(checkpoint: string, command: ExportCommandOptions): Promise<void> {
  const { json, opset, size, ...others } = command;
  if (command.format === 'onnx' && !command.out.endsWith('.onnx'))
    throw new UsageError(`${command.out}: expected a file that ends in .onnx`);
  const result = await exportModel({
    ...others,
    checkpoint,
    opset: opset === undefined ? undefined : (Number(opset) as NonNullable<ExportOptions['opset']>),
    size: size && { height: size[0], width: size[1] },
  });
  if (json) printJson(result);
  else report(result);
}

const megabyte = 1e6;

function report({ files, verification }: ExportResult): void {
  for (const { path, bytes } of files) print(`${path}  ${(bytes / megabyte).toFixed(1)} MB`);
  if (verification === undefined) {
    warn('onnxruntime-node is not installed, so the file was not compared with cmtdet: npm install onnxruntime-node');
    return;
  }
  const { runtime, pictures, differences } = verification;
  print(`compared with cmtdet on ${pictures} pictures, by ${runtime}; the largest difference of any number:`);
  for (const { output, largest, of } of differences)
    print(`  ${output}  ${largest.toPrecision(2)} of ${of.toPrecision(3)}`);
}
