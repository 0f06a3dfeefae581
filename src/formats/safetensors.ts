import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import { z } from 'zod';
import { CheckpointError, type Problem } from '../errors.js';
import { writeAtomically } from './atomic.js';
import { type ByteSource, withBytes } from './byteSource.js';
import {
  arrayFromBytes,
  bytesOf,
  bytesPerElement,
  type Dtype,
  dtypes,
  elementCount,
  type NamedArray,
} from './namedArray.js';

/** The limit of the reference implementation (safetensors/src/tensor.rs). */
const maxHeaderBytes = 100_000_000;

const Size = z.int().nonnegative();
const Entry = z.object({ dtype: z.enum(dtypes), shape: z.array(Size), data_offsets: z.tuple([Size, Size]) });
const Metadata = z.record(z.string(), z.string());

/** What the header says of one tensor. `begin` and `end` are bytes of the file. */
export interface TensorEntry {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  readonly entries: ReadonlyMap<string, TensorEntry>;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface Safetensors {
  readonly tensors: Map<string, NamedArray>;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Names, types and shapes, without reading a tensor. The whole layout is checked: tensors must cover the file with no
 * hole and no overlap (https://github.com/huggingface/safetensors, README, "Format").
 *
 * @throws CheckpointError with every problem found
 */
export function readSafetensorsHeader(source: string | Uint8Array): SafetensorsHeader {
  return withBytes(source, parseHeader);
}

/**
 * Every tensor of a safetensors file, each in memory of its own. Where the file has a {@link withChecksum checksum}, it is held to it.
 *
 * @throws CheckpointError with every problem of the layout, before any tensor is read; and where the checksum is another one
 */
export function readSafetensors(source: string | Uint8Array): Safetensors {
  return withBytes(source, (bytes) => {
    const { entries, metadata } = parseHeader(bytes);
    const tensors = new Map<string, NamedArray>();
    for (const [name, { dtype, shape, begin, end }] of entries)
      tensors.set(name, arrayFromBytes(dtype, shape, bytes.read(begin, end - begin)));
    const { [checksumKey]: checksum, ...others } = metadata;
    if (checksum !== undefined && checksum !== checksumOf(tensors, others)) {
      const message = 'its contents are not those that were written: the checksum is another one';
      throw new CheckpointError(
        bytes.name,
        [{ at: '(file)', message }],
        'The file is damaged. Use a copy of it, or an older one.',
      );
    }
    return { tensors, metadata: others };
  });
}

const checksumKey = 'cmtdet-sha256';

/** Metadata with a checksum of themselves and of all tensors, to be written with these. Other readers pass it over. */
export function withChecksum(
  tensors: ReadonlyMap<string, NamedArray>,
  metadata: Readonly<Record<string, string>>,
): Record<string, string> {
  return { ...metadata, [checksumKey]: checksumOf(tensors, metadata) };
}

function checksumOf(tensors: ReadonlyMap<string, NamedArray>, metadata: Readonly<Record<string, string>>): string {
  const hash = createHash('sha256').update(JSON.stringify(Object.entries(metadata).sort()));
  for (const [name, array] of inWriteOrder(tensors))
    hash.update(JSON.stringify([name, array.dtype, array.shape])).update(bytesOf(array));
  return hash.digest('hex');
}

function parseHeader(bytes: ByteSource): SafetensorsHeader {
  const length = new DataView(bytes.read(0, 8).buffer).getBigUint64(0, true);
  if (length > maxHeaderBytes || 8n + length > bytes.size) {
    const message = `header of ${length} bytes in a file of ${bytes.size}`;
    throw new CheckpointError(bytes.name, [{ at: 'byte 0', message }], 'The file is cut off, or is not safetensors.');
  }
  const dataStart = 8 + Number(length);
  const { __metadata__: metadataJson = {}, ...tensorsJson } = parseJsonObject(
    bytes.name,
    bytes.read(8, Number(length)),
  );
  const problems: Problem[] = [];
  const check = <T>(schema: z.ZodType<T>, at: string, value: unknown): T | undefined => {
    const parsed = schema.safeParse(value);
    for (const { path, message } of parsed.error?.issues ?? []) problems.push({ at: [at, ...path].join('.'), message });
    return parsed.data;
  };
  const metadata = check(Metadata, '__metadata__', metadataJson) ?? {};
  const entries = new Map<string, TensorEntry>();
  for (const [name, value] of Object.entries(tensorsJson)) {
    const entry = check(Entry, name, value);
    if (entry === undefined) continue;
    const { dtype, shape, data_offsets } = entry;
    entries.set(name, { dtype, shape, begin: dataStart + data_offsets[0], end: dataStart + data_offsets[1] });
  }
  if (problems.length === 0) problems.push(...layoutProblems(entries, dataStart, bytes.size));
  if (problems.length > 0) throw new CheckpointError(bytes.name, problems);
  return { entries, metadata };
}

function parseJsonObject(source: string, bytes: Uint8Array): Record<string, unknown> {
  let found = `bytes that do not start with "{"`;
  if (bytes[0] === 0x7b) {
    try {
      return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as Record<string, unknown>;
    } catch (error) {
      found = (error as Error).message;
    }
  }
  const message = `expected a JSON object, found ${found}`;
  throw new CheckpointError(source, [{ at: 'header', message }], 'The file is damaged, or is not safetensors.');
}

/** Sizes that disagree with shapes, and the first place where tensors leave a hole, overlap, or miss the file's end. */
function* layoutProblems(
  entries: ReadonlyMap<string, TensorEntry>,
  dataStart: number,
  fileSize: number,
): Generator<Problem> {
  for (const [at, { dtype, shape, begin, end }] of entries) {
    const expected = elementCount(shape) * bytesPerElement(dtype);
    if (end - begin === expected) continue;
    const needed = Number.isNaN(expected) ? 'more bytes than can be counted' : `${expected} bytes`;
    yield { at, message: `${dtype} [${shape.join(', ')}] takes ${needed}, data_offsets hold ${end - begin}` };
  }
  let previousEnd = dataStart;
  for (const [at, { begin, end }] of [...entries].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== previousEnd) {
      const message = `begins at byte ${begin} of the file, the tensor before it ends at byte ${previousEnd}`;
      yield { at, message };
      return;
    }
    previousEnd = end;
  }
  if (previousEnd !== fileSize)
    yield { at: 'file', message: `the tensors end at byte ${previousEnd}, the file at byte ${fileSize}` };
}

/** Order of dtypes in a file, widest first, as the reference writer's: it keeps every tensor aligned to its element. */
const writeOrder: readonly Dtype[] = [
  'U64',
  'I64',
  'F64',
  'F32',
  'U32',
  'I32',
  'BF16',
  'F16',
  'U16',
  'I16',
  'I8',
  'U8',
  'BOOL',
];

function inWriteOrder(tensors: ReadonlyMap<string, NamedArray>): [name: string, array: NamedArray][] {
  return [...tensors].sort(
    ([nameA, a], [nameB, b]) => writeOrder.indexOf(a.dtype) - writeOrder.indexOf(b.dtype) || (nameA < nameB ? -1 : 1),
  );
}

/**
 * Writes a safetensors file, atomically: `path` never holds a part of one.
 *
 * @throws CheckpointError when the system refuses (no such folder, no space left)
 */
export async function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, NamedArray>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const ordered = inWriteOrder(tensors);
  const header = serialiseHeader(ordered, metadata);
  try {
    await writeAtomically(path, async (file) => {
      await file.writeFile(header);
      for (const [, array] of ordered) await file.writeFile(bytesOf(array)); // appends, and has no 2 GiB limit
    });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    const found = code === 'ENOENT' ? `there is no folder ${dirname(path)}` : message;
    throw new CheckpointError(path, [{ at: 'path', message: `cannot be written: ${found}` }]);
  }
}

function serialiseHeader(tensors: readonly [string, NamedArray][], metadata: Readonly<Record<string, string>>) {
  const fields: string[] = [];
  const addField = (name: string, value: object) => fields.push(`${JSON.stringify(name)}:${JSON.stringify(value)}`);
  if (Object.keys(metadata).length > 0) addField('__metadata__', metadata);
  let begin = 0;
  for (const [name, { dtype, shape, data }] of tensors) {
    if (name === '__metadata__' || data.length !== elementCount(shape))
      throw new RangeError(
        `tensor ${name} of shape [${shape.join(', ')}] cannot be written with ${data.length} elements`,
      );
    addField(name, { dtype, shape, data_offsets: [begin, begin + data.byteLength] });
    begin += data.byteLength;
  }
  const json = new TextEncoder().encode(`{${fields.join(',')}}`);
  const padded = new Uint8Array(8 + Math.ceil(json.length / 8) * 8).fill(0x20); // spaces, so that the data is aligned
  new DataView(padded.buffer).setBigUint64(0, BigInt(padded.length - 8), true);
  padded.set(json, 8);
  return padded;
}
