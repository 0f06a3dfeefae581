/** TensorFlow's graphs as messages: the parts of `GraphDef` that graphs of ours use. */
import protobuf from 'protobufjs';
import type { NamedOutput } from './frozen.js';
import { arrayTypeOf, type HostTensor, sizeOf } from './hostTensor.js';

// Field names and numbers: tensorflow/core/framework/{graph,node_def,attr_value,tensor,tensor_shape,versions}.proto, TensorFlow 2.21.
export const graphDefProto = `
  message TensorShapeProto {
    message Dim { int64 size = 1; string name = 2; }
    repeated Dim dim = 2;
    bool unknown_rank = 3;
  }
  message TensorProto {
    int32 dtype = 1;
    TensorShapeProto tensor_shape = 2;
    bytes tensor_content = 4;
    repeated float float_val = 5;
    repeated double double_val = 6;
    repeated int32 int_val = 7;
    repeated bytes string_val = 8;
    repeated int64 int64_val = 10;
    repeated bool bool_val = 11;
  }
  message AttrValue {
    message ListValue {
      repeated bytes s = 2;
      repeated int64 i = 3;
      repeated float f = 4;
      repeated bool b = 5;
      repeated int32 type = 6;
      repeated TensorShapeProto shape = 7;
    }
    oneof value {
      ListValue list = 1;
      bytes s = 2;
      int64 i = 3;
      float f = 4;
      bool b = 5;
      int32 type = 6;
      TensorShapeProto shape = 7;
      TensorProto tensor = 8;
    }
  }
  message NodeDef {
    string name = 1;
    string op = 2;
    repeated string input = 3;
    string device = 4;
    map<string, AttrValue> attr = 5;
  }
  message VersionDef { int32 producer = 1; int32 min_consumer = 2; repeated int32 bad_consumers = 3; }
  message GraphDef { repeated NodeDef node = 1; VersionDef versions = 4; }
`;

const graphDef = protobuf.parse(`syntax = "proto3"; ${graphDefProto}`).root.lookupType('GraphDef');

export interface ShapeMessage {
  dim: { size: number | Long }[];
}

export interface TensorMessage {
  readonly dtype: number;
  readonly tensorShape: ShapeMessage | null;
  readonly tensorContent: Uint8Array;
  readonly floatVal: readonly number[];
  readonly doubleVal: readonly number[];
  readonly intVal: readonly number[];
  readonly int64Val: readonly (number | Long)[];
  readonly boolVal: readonly boolean[];
}

export interface AttributeMessage {
  /** Which of the others is there, in what was decoded: the others read as they do where they are 0 or empty. */
  readonly value?: 'list' | 's' | 'i' | 'f' | 'b' | 'type' | 'shape' | 'tensor';
  readonly list?: { readonly i: readonly (number | Long)[]; readonly type: readonly number[] } | null;
  readonly s?: Uint8Array;
  readonly i?: number | Long;
  readonly f?: number;
  readonly b?: boolean;
  readonly type?: number;
  readonly shape?: ShapeMessage | null;
  readonly tensor?: TensorMessage | null;
}

export interface NodeMessage {
  readonly name: string;
  readonly op: string;
  /** `name`, `name:index`, or `^name` for one that only has to run before. */
  readonly input: readonly string[];
  readonly attr: Readonly<Record<string, AttributeMessage>>;
}

export interface GraphMessage {
  readonly node: readonly NodeMessage[];
  readonly versions?: unknown;
}

/** protobufjs' form of a 64-bit number. */
interface Long {
  toNumber(): number;
}

export const toNumber = (value: number | Long): number => (typeof value === 'number' ? value : value.toNumber());

/** Reads a serialised `GraphDef`. */
export const decodeGraphDef = (bytes: Uint8Array): GraphMessage =>
  graphDef.decode(bytes) as protobuf.Message & GraphMessage;

/** The output that an input of a node names; undefined where it only has to run before. */
export function parseInput(input: string): NamedOutput | undefined {
  if (input.startsWith('^')) return undefined;
  const [node, index = '0'] = input.split(':');
  return { node: node!, index: Number(index) };
}

/** The operation that an input of a node names, whether it reads it or only has to run after it. */
export const operationOf = (input: string): string => input.replace(/^\^|:.*$/g, '');

export const shapeOf = (message: ShapeMessage | null | undefined): number[] =>
  (message?.dim ?? []).map(({ size }) => toNumber(size));

/** The numbers of a constant; undefined for types that are no numbers. */
export function tensorOf(message: TensorMessage): HostTensor | undefined {
  const ArrayType = arrayTypeOf(message.dtype);
  if (ArrayType === undefined) return undefined;
  const shape = shapeOf(message.tensorShape);
  const { tensorContent } = message;
  if (tensorContent.length > 0) return { data: new ArrayType(Uint8Array.from(tensorContent).buffer), shape };
  const size = sizeOf(shape);
  const values = [message.floatVal, message.doubleVal, message.intVal, message.int64Val, message.boolVal].find(
    ({ length }) => length > 0,
  );
  const numbers = (values ?? [0]).map((value) => (typeof value === 'boolean' ? Number(value) : toNumber(value)));
  const full = Array.from({ length: size }, (_, i) => numbers[Math.min(i, numbers.length - 1)]!); // the last one repeats
  if (ArrayType === BigInt64Array) return { data: BigInt64Array.from(full.map(BigInt)), shape };
  const data = new ArrayType(size) as Float32Array;
  data.set(full);
  return { data, shape };
}
