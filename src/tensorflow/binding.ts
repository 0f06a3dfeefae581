/**
 * What tfjs-node's kernels ask of native code (its `TFJSBinding`), as far as both of our bindings share it.
 *
 * tfjs-node's own binding is a C++ add-on fetched at install time; ours are TypeScript over TensorFlow's C API
 * (docs/decisions/0001-c-api-through-koffi.md).
 */
import { EngineError } from '../errors.js';
import type { Attribute } from './attributes.js';
import { dataTypes, type HostArray } from './hostTensor.js';

/** What a kernel learns about a tensor: a number to ask for it again, and its type and shape. */
export interface TensorMetadata {
  readonly id: number;
  readonly shape: number[];
  readonly dtype: number;
}

type TensorValues = HostArray | readonly number[] | readonly boolean[] | readonly Uint8Array[];

export abstract class Binding {
  readonly TF_FLOAT = dataTypes.float32;
  readonly TF_INT32 = dataTypes.int32;
  readonly TF_UINT8 = dataTypes.uint8;
  readonly TF_STRING = dataTypes.string;
  readonly TF_COMPLEX64 = 8;
  readonly TF_INT64 = dataTypes.int64;
  readonly TF_BOOL = dataTypes.bool;
  readonly TF_RESOURCE = dataTypes.resource;
  readonly TF_ATTR_STRING = 0;
  readonly TF_ATTR_INT = 1;
  readonly TF_ATTR_FLOAT = 2;
  readonly TF_ATTR_BOOL = 3;
  readonly TF_ATTR_TYPE = 4;
  readonly TF_ATTR_SHAPE = 5;
  readonly TF_ATTR_RESOURCE = 8;

  abstract createTensor(shape: readonly number[], dtype: number, values: TensorValues): number;
  abstract deleteTensor(id: number): void;
  abstract tensorDataSync(id: number): Float32Array | Int32Array | Uint8Array;
  abstract executeOp(
    name: string,
    attributes: readonly Attribute[],
    inputs: readonly number[],
    outputs: number,
  ): TensorMetadata[];

  /** Kernels ask this to choose between two ways to write the same thing; both work everywhere. */
  isUsingGpuDevice(): boolean {
    return false;
  }
}

/** The values that tfjs hands over, as the bytes that TensorFlow wants. Strings are dealt with apart. */
export function toHostArray(dtype: number, values: Exclude<TensorValues, readonly Uint8Array[]>): HostArray {
  if (dtype === dataTypes.int64) {
    if (values instanceof BigInt64Array) return values;
    if (values instanceof Int32Array) return new BigInt64Array(values.buffer, values.byteOffset, values.length / 2); // tfjs' Int64Scalar
    return BigInt64Array.from(values as readonly number[], BigInt);
  }
  if (ArrayBuffer.isView(values)) return values as HostArray;
  const numbers = values as readonly number[];
  if (dtype === dataTypes.float32) return Float32Array.from(numbers);
  if (dtype === dataTypes.int32) return Int32Array.from(numbers);
  if (dtype === dataTypes.uint8 || dtype === dataTypes.bool) return Uint8Array.from(numbers, Number);
  throw new EngineError(`values of TensorFlow type ${dtype} cannot be given as numbers`);
}

/** The name of a TensorFlow type number. */
export function dataTypeName(dtype: number): keyof typeof dataTypes {
  const name = (Object.keys(dataTypes) as (keyof typeof dataTypes)[]).find((key) => dataTypes[key] === dtype);
  if (name === undefined) throw new EngineError(`TensorFlow type ${dtype} is not supported`);
  return name;
}

/** What tfjs is told of a type: it would call 64-bit integers int32 too, with a warning at each. */
export const typeForTfjs = (dtype: number): number => (dtype === dataTypes.int64 ? dataTypes.int32 : dtype);

/** Whether values are byte strings. */
export const areStrings = (dtype: number, _values: TensorValues): _values is readonly Uint8Array[] =>
  dtype === dataTypes.string;
