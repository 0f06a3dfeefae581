/** TensorBoard's event files: scalars, histograms, pictures, and precision by recall. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import protobuf from 'protobufjs';
import type { ScoreCounts } from '../eval/scoreCounts.js';
import { addingTo } from '../formats/writeWhole.js';

// A oneof is written even where its value is 0. Field numbers: tensorflow/core/util/event.proto, tensorflow/core/framework/{summary,tensor,
// tensor_shape}.proto, tensorboard/plugins/pr_curve/plugin_data.proto.
const { root } = protobuf.parse(`
  syntax = "proto3";
  message Histo {
    double min = 1; double max = 2; double num = 3; double sum = 4; double sum_squares = 5;
    repeated double bucket_limit = 6; repeated double bucket = 7;
  }
  message Image { int32 height = 1; int32 width = 2; int32 colorspace = 3; bytes encoded_image_string = 4; }
  message Shape { message Dim { int64 size = 1; } repeated Dim dim = 2; }
  message Tensor { int32 dtype = 1; Shape tensor_shape = 2; repeated float float_val = 5; }
  message Metadata { message Plugin { string plugin_name = 1; bytes content = 2; } Plugin plugin_data = 1; }
  message Value {
    string tag = 1;
    oneof value { float simple_value = 2; Image image = 4; Histo histo = 5; Tensor tensor = 8; }
    Metadata metadata = 9;
  }
  message Summary { repeated Value value = 1; }
  message SessionLog { int32 status = 1; }
  message Event {
    double wall_time = 1;
    int64 step = 2;
    oneof what { string file_version = 3; Summary summary = 5; SessionLog session_log = 7; }
  }
  message PrCurveData { int32 version = 1; uint32 num_thresholds = 2; }
`);
const event = root.lookupType('Event');
const prCurveData = root.lookupType('PrCurveData');

const castagnoli = Uint32Array.from({ length: 256 }, (_, byte) => {
  let c = byte;
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0x82f63b78 : c >>> 1;
  return c;
});

/** CRC-32C, masked as TFRecord files want it: a checksum of data that holds checksums must not look like one of them. */
function maskedCrc(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = castagnoli[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  crc = (crc ^ 0xffffffff) >>> 0;
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** A TFRecord: length, its checksum, data, its checksum. */
function toRecord(data: Uint8Array): Uint8Array {
  const record = Buffer.alloc(data.length + 16);
  record.writeBigUInt64LE(BigInt(data.length), 0);
  record.writeUInt32LE(maskedCrc(record.subarray(0, 8)), 8);
  record.set(data, 12);
  record.writeUInt32LE(maskedCrc(data), 12 + data.length);
  return record;
}

/** `SessionLog.START`. */
const sessionStart = 1;

/** An encoded picture. */
export interface EventPicture {
  /** PNG. */
  readonly bytes: Uint8Array;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
}

const rgb = 3;
const buckets = 30;

/** Counts of finite values in buckets of equal width between the least and the largest one; null where there are none. */
function histogramOf(values: Float32Array) {
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) return null;
  let [min, max, sum, sumSquares] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
  for (const value of finite) {
    min = Math.min(min, value);
    max = Math.max(max, value);
    sum += value;
    sumSquares += value * value;
  }
  const count = max > min ? buckets : 1;
  const width = (max - min) / count;
  const bucket = new Array<number>(count).fill(0);
  for (const value of finite) bucket[width > 0 ? Math.min(count - 1, Math.floor((value - min) / width)) : 0]!++;
  const bucketLimit = bucket.map((_, i) => (i === count - 1 ? max : min + (i + 1) * width)); // right edges
  return { min, max, num: finite.length, sum, sumSquares, bucketLimit, bucket };
}

/** `DT_FLOAT`. */
const float = 1;

/**
 * What TensorBoard's PR curve plugin reads: [6, N], rows of right and wrong detections that are kept, wrong and right ones that are not, precision,
 * recall. Objects that no detection finds at any score count as right ones that are not kept.
 */
function curveOf({ objects, right, wrong }: ScoreCounts) {
  const kept = right.map((count, i) => count + wrong[i]!);
  const rows = [
    right,
    wrong,
    wrong.map((count) => wrong[0]! - count),
    right.map((count) => objects - count),
    right.map((count, i) => (kept[i]! > 0 ? count / kept[i]! : 1)),
    right.map((count) => (objects > 0 ? count / objects : 0)),
  ];
  const dim = [rows.length, right.length].map((size) => ({ size }));
  const content = prCurveData.encode(prCurveData.fromObject({ version: 0, numThresholds: right.length })).finish();
  return {
    tensor: { dtype: float, tensorShape: { dim }, floatVal: rows.flat() },
    metadata: { pluginData: { pluginName: 'pr_curves', content } },
  };
}

export class EventFile {
  readonly #path: string;
  readonly #file: number;

  /** Begins a new event file in a folder; TensorBoard reads all of them as one run. */
  constructor(folder: string) {
    const seconds = Math.floor(Date.now() / 1000);
    this.#path = join(folder, `events.out.tfevents.${seconds}.${hostname()}.${process.pid}`);
    this.#file = openSync(this.#path, 'a');
    this.#write({ fileVersion: 'brain.Event:2' });
  }

  /** Adds numbers of one step, by tag. */
  scalars(step: number, values: Readonly<Record<string, number>>): void {
    const value = Object.entries(values).map(([tag, simpleValue]) => ({ tag, simpleValue }));
    this.#write({ step, summary: { value } });
  }

  /** Adds how numbers are distributed, by tag. */
  histograms(step: number, values: Iterable<readonly [tag: string, values: Float32Array]>): void {
    const value = [...values].flatMap(([tag, numbers]) => {
      const histo = histogramOf(numbers);
      return histo === null ? [] : [{ tag, histo }];
    });
    this.#write({ step, summary: { value } });
  }

  /** Adds pictures, by tag. */
  pictures(step: number, pictures: Iterable<readonly [tag: string, picture: EventPicture]>): void {
    const value = Array.from(pictures, ([tag, { bytes, width, height }]) => ({
      tag,
      image: { width, height, colorspace: rgb, encodedImageString: bytes },
    }));
    this.#write({ step, summary: { value } });
  }

  /** Adds precision by recall, by tag. */
  curves(step: number, curves: Iterable<readonly [tag: string, counts: ScoreCounts]>): void {
    const value = Array.from(curves, ([tag, counts]) => ({ tag, ...curveOf(counts) }));
    this.#write({ step, summary: { value } });
  }

  /** Has TensorBoard forget what earlier files say of steps after this one. */
  restart(step: number): void {
    this.#write({ step: step + 1, sessionLog: { status: sessionStart } });
  }

  close(): void {
    closeSync(this.#file);
  }

  #write(fields: object): void {
    const message = event.fromObject({ wallTime: Date.now() / 1000, ...fields });
    addingTo(this.#path, () => writeSync(this.#file, toRecord(event.encode(message).finish())));
  }
}
