import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CheckpointError } from '../../src/errors.js';
import type { NamedArray } from '../../src/formats/namedArray.js';
import { readSafetensors, readSafetensorsHeader, writeSafetensors } from '../../src/formats/safetensors.js';
import { checkpointError } from '../support/checkpointError.js';
import { describeWithShared } from '../support/shared.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

const folder = temporaryFolder();

const tensors = new Map<string, NamedArray>([
  ['b.half', { dtype: 'F16', shape: [3], data: Uint16Array.of(0x3c00, 0, 0x7bff) }],
  ['a.weight', { dtype: 'F32', shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) }],
  ['step', { dtype: 'I64', shape: [], data: BigInt64Array.of(-7n) }],
  ['a.empty', { dtype: 'F32', shape: [0, 5], data: new Float32Array() }],
  ['flags', { dtype: 'BOOL', shape: [3], data: Uint8Array.of(1, 0, 1) }],
  ['__proto__', { dtype: 'U8', shape: [1], data: Uint8Array.of(9) }],
]);

/** A file with this header, and `dataBytes` zeros behind it. */
function fileOf(header: string | object, dataBytes = 0, claimedLength?: bigint): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const file = new Uint8Array(8 + json.length + dataBytes);
  new DataView(file.buffer).setBigUint64(0, claimedLength ?? BigInt(json.length), true);
  file.set(json, 8);
  return file;
}

const entry = (begin: number, end: number, shape = [(end - begin) / 4]) => ({
  dtype: 'F32',
  shape,
  data_offsets: [begin, end],
});

describe('writeSafetensors, readSafetensors', () => {
  const path = join(folder, 'written.safetensors');

  it('gives back what was written: types, scalars, empty tensors, metadata', async () => {
    await writeSafetensors(path, tensors, { format: 'pt' });
    const read = readSafetensors(path);
    expect(new Map([...read.tensors].sort())).toEqual(new Map([...tensors].sort()));
    expect(read.metadata).toEqual({ format: 'pt' });
  });

  it('layout: widest type first, then by name; header padded to 8 bytes', async () => {
    await writeSafetensors(path, tensors);
    const bytes = readFileSync(path);
    const headerLength = Number(bytes.readBigUInt64LE(0));
    expect(headerLength % 8).toBe(0);
    expect(bytes.subarray(8, 8 + headerLength).toString()).toMatchInlineSnapshot(
      `"{"step":{"dtype":"I64","shape":[],"data_offsets":[0,8]},"a.empty":{"dtype":"F32","shape":[0,5],"data_offsets":[8,8]},"a.weight":{"dtype":"F32","shape":[2,2],"data_offsets":[8,24]},"b.half":{"dtype":"F16","shape":[3],"data_offsets":[24,30]},"__proto__":{"dtype":"U8","shape":[1],"data_offsets":[30,31]},"flags":{"dtype":"BOOL","shape":[3],"data_offsets":[31,34]}}      "`,
    );
  });

  it('header only: names, shapes and places', async () => {
    await writeSafetensors(path, tensors);
    const { entries } = readSafetensorsHeader(path);
    const { begin, end, ...weight } = entries.get('a.weight')!;
    expect(weight).toEqual({ dtype: 'F32', shape: [2, 2] });
    expect(new Float32Array(readFileSync(path).buffer.slice(begin, end))).toHaveLength(4);
  });

  it('from bytes in memory, at an odd address', async () => {
    await writeSafetensors(path, tensors);
    const shifted = Buffer.concat([Buffer.of(0), readFileSync(path)]).subarray(1);
    expect(readSafetensors(shifted).tensors.get('a.weight')).toEqual(tensors.get('a.weight'));
  });

  it('a shape that its elements do not fill cannot be written', async () => {
    const wrong = new Map<string, NamedArray>([['w', { dtype: 'F32', shape: [3], data: new Float32Array(2) }]]);
    await expect(writeSafetensors(path, wrong)).rejects.toThrow(
      'tensor w of shape [3] cannot be written with 2 elements',
    );
  });

  it('a folder that is not there', async () => {
    const missing = join(folder, 'none', 'x.safetensors');
    await expect(writeSafetensors(missing, tensors)).rejects.toThrow(`cannot be written: there is no folder`);
  });
});

describe('readSafetensors refuses', () => {
  it.each<[string, Uint8Array, string]>([
    ['an empty file', new Uint8Array(), 'byte 0: expected 8 bytes here, found 0'],
    ['a header of 2^60 bytes', fileOf('{}', 0, 2n ** 60n), 'header of 1152921504606846976 bytes in a file of 10'],
    ['a header longer than the file', fileOf('{}', 0, 100n), 'header of 100 bytes in a file of 10'],
    ['a header that is no JSON', fileOf('{"a":'), 'header: expected a JSON object, found'],
    ['a header that is a list', fileOf('[]'), 'found bytes that do not start with "{"'],
    ['a deep header', fileOf(`{"a":${'['.repeat(100_000)}`), 'header: expected a JSON object'],
    ['an unknown type', fileOf({ a: { ...entry(0, 4), dtype: 'F128' } }, 4), 'a.dtype: Invalid option'],
    ['a negative side', fileOf({ a: entry(0, 4, [-1]) }, 4), 'a.shape.0: Too small'],
    ['offsets that are fractions', fileOf({ a: entry(0, 1.5, [1]) }, 4), 'a.data_offsets.1: Invalid input'],
    ['metadata of numbers', fileOf({ __metadata__: { a: 1 } }), '__metadata__.a: Invalid input: expected string'],
    [
      'a shape of 2^80 elements',
      fileOf({ a: entry(0, 4, [2 ** 40, 2 ** 40]) }, 4),
      'takes more bytes than can be counted, data_offsets hold 4',
    ],
    [
      'a shape that is larger than its bytes',
      fileOf({ a: entry(0, 4, [2]) }, 4),
      'F32 [2] takes 8 bytes, data_offsets hold 4',
    ],
    ['an end before its begin', fileOf({ a: entry(4, 0, []) }, 4), 'takes 4 bytes, data_offsets hold -4'],
    ['tensors that overlap', fileOf({ a: entry(0, 8), b: entry(4, 12) }, 12), 'b: begins at byte'],
    ['a hole', fileOf({ a: entry(0, 4), b: entry(8, 12) }, 12), 'b: begins at byte'],
    [
      'bytes behind the last tensor',
      fileOf({ a: entry(0, 4) }, 8),
      'file: the tensors end at byte 66, the file at byte 70',
    ],
    ['a cut file', fileOf({ a: entry(0, 8) }, 4), 'file: the tensors end at byte 70, the file at byte 66'],
  ])('%s', (_, bytes, message) => {
    expect(() => readSafetensors(bytes)).toThrow(checkpointError(message));
  });

  it('several faults, all at once', () => {
    const bytes = fileOf({ a: entry(0, 4, [2]), b: entry(8, 12), c: entry(12, 20, [1]) }, 16);
    expect(() => readSafetensors(bytes)).toThrowErrorMatchingInlineSnapshot(`
      [CheckpointError: bytes in memory: 3 problems
        a: F32 [2] takes 8 bytes, data_offsets hold 4
        c: F32 [1] takes 4 bytes, data_offsets hold 8
        b: begins at byte 179 of the file, the tensor before it ends at byte 175]
    `);
  });

  it('a file that is cut anywhere', async () => {
    const path = join(folder, 'cut.safetensors');
    await writeSafetensors(path, tensors);
    const whole = readFileSync(path);
    for (let length = 0; length < whole.length; length += 3) {
      writeFileSync(path, whole);
      truncateSync(path, length);
      expect(() => readSafetensors(path), `${length} bytes`).toThrow(CheckpointError);
    }
  });

  it('a folder, and a file that is not there', () => {
    expect(() => readSafetensors(folder)).toThrow('path: is a folder; name the file in it');
    expect(() => readSafetensors(join(folder, 'none'))).toThrow('path: no such file');
  });
});

describeWithShared('a file of the reference writer', 'data/parity_cmt_mini', (shared) => {
  it('written again, has the same bytes', async () => {
    const path = join(folder, 'again.safetensors');
    const original = join(shared, 'checkpoint.safetensors');
    const { tensors, metadata } = readSafetensors(original);
    await writeSafetensors(path, tensors, metadata);
    expect(readFileSync(path).equals(readFileSync(original))).toBe(true);
  });
});
