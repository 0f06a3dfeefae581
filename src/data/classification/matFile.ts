/**
 * Reads arrays of structs from MATLAB files: as much of the format as the ImageNet devkit's `meta.mat` needs.
 *
 * Format: "MAT-File Format", Level 5 (MathWorks). A 128-byte header, then elements: a tag (type, bytes) and contents, padded
 * to 8 bytes; an array is an element of elements.
 */
import { inflateSync } from 'node:zlib';

/** A field's value: text, the first number of an array, or nothing that is read here. */
export type MatRecord = Readonly<Record<string, string | number | undefined>>;

const elementType = {
  int8: 1,
  uint8: 2,
  int16: 3,
  uint16: 4,
  int32: 5,
  uint32: 6,
  double: 9,
  matrix: 14,
  compressed: 15,
  utf8: 16,
};
const arrayClass = { struct: 2, char: 4 };

const headerBytes = 128;
const mostInflated = 1 << 28; // meta.mat of the devkit has less than 1 MB; more is no such file

/**
 * The structs in the variable `name`.
 *
 * @throws Error with what was expected, when there is none; the caller knows the file's name
 */
export function readMatStructs(bytes: Uint8Array, name: string): MatRecord[] {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (file.length < headerBytes || file.toString('latin1', 126, 128) !== 'IM') {
    throw new Error('expected a MATLAB 5 file of a little-endian machine');
  }
  for (const element of elements(file.subarray(headerBytes))) {
    const inflated = element.type === elementType.compressed ? inflate(element.data) : [element];
    for (const { type, data } of inflated) {
      if (type !== elementType.matrix) continue;
      const array = arrayOf(data);
      if (array.name === name && array.class === arrayClass.struct) return structs(array);
    }
  }
  throw new Error(`expected an array of structs called ${name}`);
}

interface Element {
  readonly type: number;
  readonly data: Buffer;
}

function inflate(data: Buffer): Element[] {
  return [...elements(inflateSync(data, { maxOutputLength: mostInflated }))];
}

function* elements(data: Buffer): Generator<Element> {
  for (let at = 0; at + 8 <= data.length; ) {
    const word = data.readUInt32LE(at);
    const isSmall = word >>> 16 !== 0; // up to 4 bytes, which lie in the tag itself
    const type = isSmall ? word & 0xffff : word;
    const length = isSmall ? word >>> 16 : data.readUInt32LE(at + 4);
    const start = isSmall ? at + 4 : at + 8;
    if (start + length > data.length) throw new Error('it ends in the middle of an element');
    yield { type, data: data.subarray(start, start + length) };
    // Compressed elements are not padded.
    at = isSmall ? at + 8 : start + (type === elementType.compressed ? length : Math.ceil(length / 8) * 8);
  }
}

interface MatArray {
  readonly class: number;
  readonly count: number;
  readonly name: string;
  readonly rest: readonly Element[];
}

function arrayOf(data: Buffer): MatArray {
  const [flags, dimensions, name, ...rest] = elements(data);
  if (!flags || !dimensions || !name) throw new Error('an array without flags, dimensions and name');
  const count = numbers(dimensions).reduce((product, side) => product * side, 1);
  return { class: flags.data.readUInt32LE(0) & 0xff, count, name: name.data.toString('latin1'), rest };
}

/** Contents of a struct array: the length of a field name, all field names, and then the fields of each struct in turn. */
function structs({ count, rest }: MatArray): MatRecord[] {
  const [nameLength, names, ...fields] = rest;
  if (!nameLength || !names) throw new Error('structs without field names');
  const length = numbers(nameLength)[0]!;
  const keys = Array.from({ length: names.data.length / length }, (_, i) =>
    names.data.toString('latin1', i * length, (i + 1) * length).replace(/\0.*$/s, ''),
  );
  if (fields.length < count * keys.length) throw new Error('structs that miss fields');
  return Array.from({ length: count }, (_, i) =>
    Object.fromEntries(keys.map((key, k) => [key, fieldValue(fields[i * keys.length + k]!)])),
  );
}

function fieldValue({ data }: Element): string | number | undefined {
  if (data.length === 0) return undefined; // MATLAB's empty array
  const array = arrayOf(data);
  const content = array.rest[0];
  if (!content) return undefined;
  return array.class === arrayClass.char ? String.fromCharCode(...numbers(content)) : numbers(content)[0];
}

/** Numbers of an element in the type in which they are stored, which is often smaller than that of the array. */
function numbers({ type, data }: Element): number[] {
  const list = (bytes: number, read: (at: number) => number) =>
    Array.from({ length: Math.floor(data.length / bytes) }, (_, i) => read(i * bytes));
  switch (type) {
    case elementType.int8:
      return list(1, (at) => data.readInt8(at));
    case elementType.uint8:
    case elementType.utf8:
      return list(1, (at) => data.readUInt8(at));
    case elementType.int16:
      return list(2, (at) => data.readInt16LE(at));
    case elementType.uint16:
      return list(2, (at) => data.readUInt16LE(at));
    case elementType.int32:
      return list(4, (at) => data.readInt32LE(at));
    case elementType.uint32:
      return list(4, (at) => data.readUInt32LE(at));
    case elementType.double:
      return list(8, (at) => data.readDoubleLE(at));
    default:
      return [];
  }
}
