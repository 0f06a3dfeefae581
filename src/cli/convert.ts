import { extname } from 'node:path';
import { UsageError } from '../errors.js';
import { writeSafetensors } from '../formats/safetensors.js';
import { choiceInWords, openStateDict } from '../formats/stateDict.js';
import type { ShapeDifference } from '../models/checkpoints/conversion.js';
import { type ConvertedCheckpoint, convertCheckpoint } from '../models/checkpoints/convertCheckpoint.js';
import { nonFinite } from '../models/checkpoints/finite.js';
import { descriptionKey } from '../models/checkpoints/modelFile.js';
import { refuseOverwriting } from '../run/refuseOverwriting.js';
import { note, print, printJson, warn } from './console.js';

export interface ConvertOptions {
  /** Of the state dict to take, where the file holds several. */
  readonly key?: string;
  readonly json?: boolean;
}

/** Names listed of each kind; `--json` has them all. */
const maxListed = 5;

/** `cmtdet convert`: a checkpoint from the CMT authors' or torchvision's names to ours, or back, as safetensors. */
export async function convert(input: string, output: string, options: ConvertOptions): Promise<void> {
  checkOutput(input, output);
  const file = openStateDict(input, options.key);
  const conversion = convertCheckpoint(input, file.tensors);
  const { tensors, other, summary, description, ...report } = conversion;
  const notFinite = nonFinite(tensors);
  await writeSafetensors(output, tensors, metadataOf(conversion));
  if (options.json) {
    const { key, otherKeys } = file;
    printJson({ input, output, key, otherKeys, ...report, notFinite });
    return;
  }
  printReport(input, output, conversion);
  const choice = choiceInWords(file);
  if (choice !== undefined) note(`${input}: ${choice}`);
  const wild = notFinite.map(({ at, message }) => `${at} (${message})`);
  if (wild.length > 0) warn(list(`${wild.length} tensors are not finite, and no command will take them`, wild));
}

/** A whole classifier of ours describes itself, so that every command takes it; `pt` marks PyTorch's layout. */
function metadataOf({ direction, description, otherShape, missing }: ConvertedCheckpoint): Record<string, string> {
  if (direction === 'export') return { format: 'pt' };
  return description && otherShape.length + missing.length === 0
    ? { [descriptionKey]: JSON.stringify(description) }
    : {};
}

function checkOutput(input: string, output: string): void {
  if (extname(output) !== '.safetensors')
    throw new UsageError(
      `${output}: convert writes .safetensors files; PyTorch reads them with safetensors.torch.load_file.`,
    );
  refuseOverwriting([output], [input]);
}

function printReport(input: string, output: string, conversion: ConvertedCheckpoint): void {
  const { direction, other, summary, tensors, mapped, leftOut, otherShape, missing } = conversion;
  const names = direction === 'import' ? `${other} to ours` : `our names to ${other.replace(' names', '')}`;
  const values = [...tensors.values()].reduce((sum, { data }) => sum + data.length, 0);
  print(`${input} -> ${output}: ${names}`);
  print(`  network      ${summary}`);
  print(`  mapped       ${mapped.length} tensors, ${values} values written`);
  print(`  left out     ${leftOut.length}${countedReasons(leftOut)}`);
  print(`  other shape  ${otherShape.length}`);
  if (otherShape.length > 0) warn(list(`${otherShape.length} of another shape, left out`, otherShape.map(difference)));
  if (missing.length > 0) warn(list(`${missing.length} missing in ${input}`, missing));
}

/** A line for each reason, with how often and where: `counter of PyTorch's BatchNorm (27): stem_norm1.num_batches_tracked`. */
function countedReasons(leftOut: ConvertedCheckpoint['leftOut']): string {
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
