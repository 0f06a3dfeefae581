import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import protobuf from 'protobufjs';
import { expect, test } from 'vitest';
import { parseConfig } from '../../src/config/load.js';
import { EventFile } from '../../src/train/eventFile.js';
import { runEpochs } from '../../src/train/runEpochs.js';
import { RunFolder } from '../../src/train/runFolder.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { ToyTask } from '../support/toyTask.js';

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

const { root } = protobuf.parse(
  `syntax = "proto3";
  message H { double min = 1; double max = 2; double num = 3; double sum = 4; double sum_squares = 5; repeated double bucket_limit = 6; repeated double bucket = 7; }
  message I { int32 height = 1; int32 width = 2; int32 colorspace = 3; bytes encoded_image_string = 4; }
  message D { int64 size = 1; }
  message Sh { repeated D dim = 2; }
  message T { int32 dtype = 1; Sh tensor_shape = 2; repeated float float_val = 5; }
  message P { string plugin_name = 1; bytes content = 2; }
  message M { P plugin_data = 1; }
  message V { string tag = 1; oneof value { float simple_value = 2; I image = 4; H histo = 5; T tensor = 8; } M metadata = 9; }
  message S { repeated V value = 1; }
  message E { double wall_time = 1; int64 step = 2; string file_version = 3; S summary = 5; }`,
  { keepCase: true },
);

/** The events of the one file in a folder; each record's checksums are held to its bytes. */
function eventsIn(folder: string): Record<string, unknown>[] {
  const [name] = readdirSync(folder).filter((file) => /^events\.out\.tfevents\.\d+\./.test(file));
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
  const event = root.lookupType('E');
  return records.map((data) => event.toObject(event.decode(data), { longs: Number }));
}

test('an event file: a version, then scalars by tag and step, every record with both checksums', () => {
  const folder = temporaryFolder();
  const events = new EventFile(folder);
  events.scalars(7, { 'train/loss': 0.5, 'train/rate': 12, 'train/waiting': 0 });
  events.close();
  const [first, second] = eventsIn(folder);
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

test('a histogram: 30 buckets from the least to the largest, right edges, what is not finite left out', () => {
  const folder = temporaryFolder();
  const events = new EventFile(folder);
  events.histograms(3, [
    ['w', Float32Array.of(0, 1, 29.5, 30, Number.NaN)], // buckets of width 1: 0, 1, 29 and the last edge
    ['same', Float32Array.of(2, 2)],
    ['none', Float32Array.of(Number.NaN)],
  ]);
  events.close();
  const [, event] = eventsIn(folder) as { summary: { value: { tag: string; histo: Record<string, number[]> }[] } }[];
  const [w, same, ...others] = event!.summary.value;
  expect(others).toEqual([]);
  expect(w).toMatchObject({ tag: 'w', histo: { max: 30, num: 4, sum: 60.5, sum_squares: 1 + 29.5 ** 2 + 900 } });
  expect(w!.histo.bucket_limit).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
  expect(w!.histo.bucket!.map((count, i) => [i, count]).filter(([, count]) => count !== 0)).toEqual([
    [0, 1],
    [1, 1],
    [29, 2],
  ]);
  expect(same).toMatchObject({ tag: 'same', histo: { min: 2, max: 2, num: 2, bucket_limit: [2], bucket: [2] } });
});

test('a picture: its size, three channels, and its bytes as they are', () => {
  const folder = temporaryFolder();
  const events = new EventFile(folder);
  events.pictures(4, [['examples/a.jpg', { bytes: Uint8Array.of(137, 80, 78, 71), width: 6, height: 5 }]]);
  events.close();
  const image = { height: 5, width: 6, colorspace: 3, encoded_image_string: Buffer.from([137, 80, 78, 71]) };
  expect(eventsIn(folder)[1]).toMatchObject({ step: 4, summary: { value: [{ tag: 'examples/a.jpg', image }] } });
});

test('precision by recall: what the PR curve plugin reads, of 4 objects at three thresholds', () => {
  const folder = temporaryFolder();
  const events = new EventFile(folder);
  events.curves(4, [['precision_recall/cell', { name: 'cell', objects: 4, right: [3, 2, 0], wrong: [1, 0, 0] }]]);
  events.close();
  const [, event] = eventsIn(folder) as { step: number; summary: { value: Record<string, unknown>[] } }[];
  expect(event!.step).toBe(4);
  expect(event!.summary.value[0]).toEqual({
    tag: 'precision_recall/cell',
    metadata: { plugin_data: { plugin_name: 'pr_curves', content: Buffer.from([0x10, 3]) } }, // 3 thresholds; version 0 is what readers take where there is none
    tensor: {
      dtype: 1,
      tensor_shape: { dim: [{ size: 6 }, { size: 3 }] },
      float_val: [
        ...[3, 2, 0], // right
        ...[1, 0, 0], // wrong
        ...[0, 1, 1], // wrong, and not kept
        ...[1, 2, 4], // right, and not kept or not found
        ...[0.75, 1, 1], // precision
        ...[0.75, 0.5, 0], // recall
      ],
    },
  });
});

test('in a run, where the config asks for them: at each measurement, of the weights that were measured', async () => {
  const text = `
task: classification
model: { backbone: { name: cmt, variant: cmt_ti } }
data: { train: x, val: x }
train: { epochs: 2, schedule: { name: constant }, tensorboard: { histograms: true, curves: true, pictures: 2 } }
`;
  const config = parseConfig(text, 'test');
  const run = await RunFolder.create(join(temporaryFolder(), 'run'), 'toy', config);
  const observer = { onPreparing() {}, onStep() {}, onEvaluating() {}, onEvaluated() {}, onWarning() {} };
  await runEpochs(new ToyTask(), { config, run, resume: false, observer });
  run.close();
  const found = (eventsIn(run.path) as { step: number; summary?: { value: { tag: string }[] } }[]).flatMap(
    ({ step, summary }) => (summary?.value ?? []).map(({ tag }) => `${step} ${tag}`),
  );
  for (const step of [4, 8]) {
    for (const name of ['conv.weight', 'norm.mean']) expect(found).toContain(`${step} weights/${name}`);
    expect(found).toContain(`${step} precision_recall/all`);
    expect(found.filter((tag) => tag.startsWith(`${step} examples/`))).toEqual([
      `${step} examples/0.jpg`,
      `${step} examples/1.jpg`,
    ]);
  }
});
