import { describe, expect, it } from 'vitest';
import { withBytes } from '../../../src/formats/byteSource.js';
import { readZipDirectory } from '../../../src/formats/torch/zip.js';
import { type StoredEntry, zip } from '../../support/torchBytes.js';

const directory = (file: Uint8Array) => withBytes(file, readZipDirectory);

const entry = (name: string, length: number, rest: Partial<StoredEntry> = {}): StoredEntry => ({
  name,
  bytes: new Uint8Array(length).fill(length),
  ...rest,
});

/** With the ZIP64 records that PyTorch adds: the numbers of the classic record become all ones. */
function withZip64(file: Uint8Array): Uint8Array {
  const classic = Buffer.from(file.subarray(-22));
  const end = Buffer.alloc(56);
  end.writeUInt32LE(0x06064b50, 0);
  end.writeBigUInt64LE(BigInt(classic.readUInt16LE(10)), 32);
  end.writeBigUInt64LE(BigInt(classic.readUInt32LE(12)), 40);
  end.writeBigUInt64LE(BigInt(classic.readUInt32LE(16)), 48);
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(0x07064b50, 0);
  locator.writeBigUInt64LE(BigInt(file.length - 22), 8);
  classic.fill(0xff, 8, 20);
  return Buffer.concat([file.subarray(0, -22), end, locator, classic]);
}

describe('readZipDirectory', () => {
  const entries = [entry('a/data.pkl', 5), entry('a/data/0', 64), entry('a/data/1', 0)];

  it.each([
    ['plain', zip(entries)],
    ['ZIP64', withZip64(zip(entries))],
    ['with a comment behind', Buffer.concat([zip(entries).subarray(0, -2), Buffer.from([3, 0]), Buffer.from('abc')])],
  ])('%s: finds the bytes of each entry behind its own header', (_, file) => {
    const found = directory(file);
    expect([...found.keys()]).toEqual(['a/data.pkl', 'a/data/0', 'a/data/1']);
    for (const { name, bytes } of entries) {
      const { offset, length } = found.get(name)!;
      expect(Buffer.from(file.subarray(offset, offset + length)).equals(bytes)).toBe(true);
    }
  });

  it.each<[string, Uint8Array, string]>([
    [
      'a compressed entry',
      zip([entry('a', 9, { method: 8 })]),
      'a: is compressed (method 8); only stored entries are read',
    ],
    ['an entry that claims 4 GiB', zip([entry('a', 9, { claimedLength: 0xfffffff0 })]), 'a: overlaps its neighbour'],
    [
      'a second entry inside the first',
      zip([entry('a', 90), entry('b', 9, { claimedOffset: 10 })]),
      'b: overlaps its neighbour',
    ],
    [
      'two entries over the same bytes',
      zip([entry('a', 90), entry('b', 90, { claimedOffset: 0 })]),
      'b: overlaps its neighbour',
    ],
    ['a name twice', zip([entry('a', 9), entry('a', 9)]), 'a: is listed twice'],
    [
      'an entry without a header',
      zip([entry('a', 90, { claimedOffset: 7, claimedLength: 9 })]),
      'a: has no header at byte 7',
    ],
    ['an entry behind the end', zip([entry('a', 9, { claimedOffset: 0xfffffff0 })]), 'a: overlaps its neighbour'],
    ['no end record', zip([entry('a', 9)]).subarray(0, -1), 'zip: the end of the archive is missing'],
    ['nothing', new Uint8Array(), 'zip: the end of the archive is missing'],
  ])('%s is refused', (_, file, message) => {
    expect(() => directory(file)).toThrow(message);
  });

  it('a directory of 4 GiB is refused before it is read', () => {
    const file = zip([entry('a', 9)]);
    new DataView(file.buffer, file.byteOffset).setUint32(file.length - 10, 0xfffffff0, true);
    expect(() => directory(file)).toThrow('a table of contents of 4294967280 bytes; 8388608 are read');
  });

  it('more entries announced than listed', () => {
    const file = zip([entry('a', 9)]);
    file[file.length - 12] = 7;
    expect(() => directory(file)).toThrow('1 entries are listed, 7 are announced');
  });
});
