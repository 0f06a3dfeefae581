import { statSync } from 'node:fs';
import { extname } from 'node:path';
import { UsageError } from '../errors.js';
import { writeSafetensors } from '../formats/safetensors.js';
import { readStateDict } from '../formats/stateDict.js';
import { type Conversion, convertCheckpoint, type ShapeDifference } from '../models/convertCheckpoint.js';
import { describeClassifier } from '../models/describeWidths.js';
import { descriptionKey } from '../models/modelFile.js';
import { print, printJson, warn } from './console.js';

export interface ConvertOptions {
  /** Of the state dict to take, where the file holds several. */
  readonly key?: string;
  readonly json?: boolean;
}

/** Names listed of each kind; `--json` has them all. */
const maxListed = 5;

/** `cmtdet convert`: a checkpoint from the authors' names to ours, or back, as safetensors. */
export async function convert(input: string, output: string, options: ConvertOptions): Promise<void> {
  checkOutput(input, output);
  const conversion = convertCheckpoint(input, readStateDict(input, options.key));
  const { tensors, widths, ...report } = conversion;
  await writeSafetensors(output, tensors, metadataOf(conversion));
  if (options.json) printJson({ input, output, ...report, network: widths });
  else printReport(input, output, conversion);
}

/** A whole classifier of ours describes itself, so that every command takes it; `pt` marks PyTorch's layout. */
function metadataOf({ direction, widths, otherShape, missing }: Conversion): Record<string, string> {
  if (direction === 'export') return { format: 'pt' };
  const description = otherShape.length + missing.length === 0 ? describeClassifier(widths) : undefined;
  return description ? { [descriptionKey]: JSON.stringify(description) } : {};
}

function checkOutput(input: string, output: string): void {
  if (extname(output) !== '.safetensors')
    throw new UsageError(
      `${output}: convert writes .safetensors files; PyTorch reads them with safetensors.torch.load_file.`,
    );
  const from = statSync(input, { throwIfNoEntry: false });
  const to = statSync(output, { throwIfNoEntry: false });
  if (from && to && from.ino === to.ino && from.dev === to.dev)
    throw new UsageError(`${output}: this is the input itself; name another file.`);
}

function printReport(input: string, output: string, conversion: Conversion): void {
  const { direction, widths, tensors, mapped, leftOut, otherShape, missing } = conversion;
  const names = direction === 'import' ? "the authors' names to ours" : "our names to the authors'";
  const values = [...tensors.values()].reduce((sum, { data }) => sum + data.length, 0);
  const classes = widths.classes === undefined ? 'backbone only' : `${widths.classes} classes`;
  print(`${input} -> ${output}: ${names}`);
  print(`  network      channels ${widths.dims.join(', ')}; blocks ${widths.depths.join(', ')}; ${classes}`);
  print(`  mapped       ${mapped.length} tensors, ${values} values written`);
  print(`  left out     ${leftOut.length}${countedReasons(leftOut)}`);
  print(`  other shape  ${otherShape.length}`);
  if (otherShape.length > 0) warn(list(`${otherShape.length} of another shape, left out`, otherShape.map(difference)));
  if (missing.length > 0) warn(list(`${missing.length} missing in ${input}`, missing));
}

/** A line for each reason, with how often and where: `counter of PyTorch's BatchNorm (27): stem_norm1.num_batches_tracked`. */
function countedReasons(leftOut: Conversion['leftOut']): string {
  const reasons = [...new Set(leftOut.map(({ reason }) => reason))];
  const lines = reasons.map((reason) => {
    const names = leftOut.filter((one) => one.reason === reason).map(({ name }) => name);
    return `\n    ${list(`${reason} (${names.length})`, names)}`;
  });
  return lines.join('');
}

function difference({ name, expected, found }: ShapeDifference): string {
  return `${name} [${found.join(', ')}] for [${expected.map((side) => side ?? '?').join(', ')}]`;
}

function list(title: string, items: readonly string[]): string {
  const more = items.length > maxListed ? `, and ${items.length - maxListed} more` : '';
  return `${title}: ${items.slice(0, maxListed).join(', ')}${more}`;
}
