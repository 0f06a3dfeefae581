import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import protobuf from 'protobufjs';
import { expect, test } from 'vitest';
import { EventFile } from '../../src/train/eventFile.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

/** CRC-32C bit by bit, masked as in TFRecord files. */
function maskedCrc(bytes: Uint8Array, mask = true): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  crc = (crc ^ 0xffffffff) >>> 0;
  return mask ? (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0 : crc;
}

test('the check itself: CRC-32C of "123456789" (RFC 3720 gives its polynomial)', () => {
  expect(maskedCrc(Buffer.from('123456789'), false)).toBe(0xe3069283);
});

test('an event file: a version, then scalars by tag and step, every record with both checksums', () => {
  const folder = temporaryFolder();
  const events = new EventFile(folder);
  events.scalars(7, { 'train/loss': 0.5, 'train/rate': 12, 'train/waiting': 0 });
  events.close();
  const [name] = readdirSync(folder);
  expect(name).toMatch(/^events\.out\.tfevents\.\d+\./);
  const bytes = readFileSync(join(folder, name!));
  const records: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = Number(bytes.readBigUInt64LE(at));
    expect(bytes.readUInt32LE(at + 8)).toBe(maskedCrc(bytes.subarray(at, at + 8)));
    const data = bytes.subarray(at + 12, at + 12 + length);
    expect(bytes.readUInt32LE(at + 12 + length)).toBe(maskedCrc(data));
    records.push(data);
    at += length + 16;
  }
  const { root } = protobuf.parse(
    'syntax = "proto3"; message V { string tag = 1; oneof value { float simple_value = 2; } } message S { repeated V value = 1; } message E { double wall_time = 1; int64 step = 2; string file_version = 3; S summary = 5; }',
    { keepCase: true },
  );
  const event = root.lookupType('E');
  const [first, second] = records.map((data) => event.toObject(event.decode(data), { longs: Number }));
  expect(first).toMatchObject({ file_version: 'brain.Event:2' });
  expect(second).toMatchObject({
    step: 7,
    summary: {
      value: [
        { tag: 'train/loss', simple_value: 0.5 },
        { tag: 'train/rate', simple_value: 12 },
        { tag: 'train/waiting', simple_value: 0 }, // written, though 0 is what readers take where nothing is
      ],
    },
  });
});
