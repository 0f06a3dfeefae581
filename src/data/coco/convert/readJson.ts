import { fileStream } from '../../../formats/json/byteStream.js';
import type { FieldSet } from '../../../formats/json/fieldSet.js';
import { JsonReader } from '../../../formats/json/jsonReader.js';

/**
 * Everything in a JSON file.
 *
 * @throws DatasetError with line and column of whatever is not JSON
 */
export function readJson(path: string): unknown {
  return withReader(path, (reader) => reader.value());
}

/** The wanted fields of the object in a JSON file, none of them where it holds something else; the rest is passed over unbuilt. */
export function readJsonFields<Name extends string>(
  path: string,
  wanted: FieldSet<Name>,
): Partial<Record<Name, unknown>> {
  return withReader(path, (reader) => {
    const record: Partial<Record<Name, unknown>> = {};
    if (reader.atObject) reader.fields(wanted, record);
    else reader.skip();
    return record;
  });
}

function withReader<T>(path: string, read: (reader: JsonReader) => T): T {
  const reader = new JsonReader(fileStream(path));
  try {
    const value = read(reader);
    reader.end();
    return value;
  } finally {
    reader.close();
  }
}

/** An object of a JSON file, as opposed to a list or a plain value. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A list of points, `[[x, y], ...]`; undefined where it is something else. Values are checked by whoever uses them. */
export function pointsIn(value: unknown): [x: number, y: number][] | undefined {
  if (!Array.isArray(value)) return undefined;
  const points = value.filter((point): point is [number, number] => Array.isArray(point) && point.length >= 2);
  return points.length === value.length ? points : undefined;
}
