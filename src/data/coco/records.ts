import { DatasetError } from '../../errors.js';
import { type ByteStream, fileStream, memoryStream, pipeContent } from '../../formats/json/byteStream.js';
import type { FieldSet } from '../../formats/json/fieldSet.js';
import { JsonReader } from '../../formats/json/jsonReader.js';

/** A path, the JSON text itself, its bytes, or what `JSON.parse` made of it. */
export type JsonInput = string | Uint8Array | object;

/**
 * Takes one record of an array: an object with (at least) the wanted fields, or whatever else stood there. The object is
 * used again for the next record, so keep its values, not itself.
 */
export type TakeRecord = (record: unknown, index: number) => void;

/** An array of records that is wanted, and which fields of each. */
export interface RecordArray {
  readonly fields: FieldSet;
  readonly take: TakeRecord;
}

/** An input that can be read twice: what comes through a pipe, or from standard input (`-`), is taken into memory. */
export function withoutPipe(input: JsonInput): JsonInput {
  return typeof input === 'string' && !isJsonText(input) ? (pipeContent(input) ?? input) : input;
}

/** What to call an input in messages. */
export function inputName(input: JsonInput, name: string): string {
  return typeof input === 'string' && !isJsonText(input) ? input : name;
}

/**
 * Visits the arrays of records in `{ "images": [...], "annotations": [...] }`. Returns the keys that were there.
 *
 * @param name what to call an input without a path in messages
 */
export function readRecordArrays(input: JsonInput, name: string, arrays: Record<string, RecordArray>): Set<string> {
  const seen = new Set<string>();
  const wrongType = (key: string, found: string) =>
    new DatasetError(inputName(input, name), [{ at: key, message: `expected an array, found ${found}` }]);
  if (isParsed(input)) {
    for (const [key, { take }] of Object.entries(arrays)) {
      const value = (input as Record<string, unknown>)[key];
      if (value === undefined) continue;
      if (!Array.isArray(value)) throw wrongType(key, typeof value);
      seen.add(key);
      value.forEach(take);
    }
    return seen;
  }
  withReader(input, name, (reader) => {
    if (!reader.atObject) throw wrongRoot(reader, 'an object with images, annotations and categories');
    reader.object((key) => {
      const array = arrays[key];
      if (!array) return reader.skip();
      if (!reader.atArray) throw wrongType(key, JSON.stringify(reader.value()) ?? 'nothing');
      seen.add(key);
      readRecords(reader, array);
    });
  });
  return seen;
}

/** Visits the records of `[{...}, {...}]`. */
export function readRecordList(input: JsonInput, name: string, array: RecordArray): void {
  if (isParsed(input)) {
    if (!Array.isArray(input)) {
      throw new DatasetError(name, [{ at: '(root)', message: 'expected an array of detections, found an object' }]);
    }
    input.forEach(array.take);
    return;
  }
  withReader(input, name, (reader) => {
    if (!reader.atArray) throw wrongRoot(reader, 'an array of detections');
    readRecords(reader, array);
  });
}

function readRecords(reader: JsonReader, { fields, take }: RecordArray): void {
  const record: Record<string, unknown> = {};
  reader.array((index) => {
    if (!reader.atObject) return take(reader.value(), index);
    reader.fields(fields, record);
    take(record, index);
  });
}

function withReader(input: string | Uint8Array, name: string, read: (reader: JsonReader) => void): void {
  const reader = new JsonReader(sourceOf(input, name));
  try {
    read(reader);
    reader.end();
  } finally {
    reader.close();
  }
}

function sourceOf(input: string | Uint8Array, name: string): ByteStream {
  if (typeof input !== 'string') return memoryStream(name, input);
  return isJsonText(input) ? memoryStream(name, Buffer.from(input)) : fileStream(input);
}

/** No path begins like this. */
function isJsonText(input: string): boolean {
  return /^\uFEFF?\s*[[{]/.test(input);
}

function isParsed(input: JsonInput): input is object {
  return typeof input !== 'string' && !(input instanceof Uint8Array);
}

function wrongRoot(reader: JsonReader, expected: string): DatasetError {
  const found = reader.atObject ? 'an object' : reader.atArray ? 'an array' : JSON.stringify(reader.value());
  return new DatasetError(reader.source.name, [{ at: '(root)', message: `expected ${expected}, found ${found}` }]);
}
