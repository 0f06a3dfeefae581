/** Numbers with a shape, on the host and in TensorFlow's memory. */
import { EngineError } from '../errors.js';
import { copyMemory, type Pointer, readMemory, tensorflow, toDims } from './api.js';

/** TensorFlow's element types that cmtdet uses, by their numbers in `tf_datatype.h`. */
export const dataTypes = {
  float32: 1,
  float64: 2,
  int32: 3,
  uint8: 4,
  string: 7,
  int64: 9,
  bool: 10,
  resource: 20,
} as const;
export type DataType = Exclude<keyof typeof dataTypes, 'string' | 'resource'>;

export type HostArray = Float32Array | Float64Array | Int32Array | Uint8Array | BigInt64Array;

/** Numbers on the host: row-major, the array's type tells the element type. */
export interface HostTensor<A extends HostArray = HostArray> {
  readonly data: A;
  readonly shape: readonly number[];
}

/** What holds the numbers of a type on the host. */
const arrayTypes = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  uint8: Uint8Array,
  int64: BigInt64Array,
  bool: Uint8Array,
} as const;

const bytesPerString = 24; // sizeof(TF_TString)

/** Number of elements of a shape; 1 for a scalar. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, side) => product * side, 1);

/** The element type that an array stands for. */
export function dataTypeOf(array: HostArray): Exclude<DataType, 'bool'> {
  if (array instanceof Float32Array) return 'float32';
  if (array instanceof Int32Array) return 'int32';
  if (array instanceof Uint8Array) return 'uint8';
  if (array instanceof Float64Array) return 'float64';
  if (array instanceof BigInt64Array) return 'int64';
  throw new EngineError(`expected numbers as Float32Array, Int32Array or Uint8Array, found ${kindOf(array)}`);
}

const kindOf = (value: unknown): string =>
  typeof value === 'object' && value !== null ? (value.constructor?.name ?? 'an object') : String(value);

/**
 * Holds a tensor that came from outside to its type: an array that TensorFlow knows, whole sides, as many numbers as they say.
 *
 * @param name of the tensor, for messages
 * @throws EngineError
 */
export function checkTensor(tensor: HostTensor, name: string): void {
  const { data, shape } = tensor ?? {};
  const wrong = (message: string) => new EngineError(`input "${name}": ${message}`);
  if (!Array.isArray(shape) || !shape.every((side) => Number.isSafeInteger(side) && side >= 0))
    throw wrong(
      `expected a shape of whole numbers of at least 0, found ${Array.isArray(shape) ? `[${shape.join(', ')}]` : kindOf(shape)}`,
    );
  try {
    dataTypeOf(data);
  } catch (error) {
    throw error instanceof EngineError ? wrong(error.message) : error;
  }
  if (sizeOf(shape) !== data.length) throw wrong(`${data.length} numbers do not fill the shape [${shape.join(', ')}]`);
}

/** A new `TF_Tensor` with a copy of the numbers; the caller deletes it. */
export function toNative({ data, shape }: HostTensor, dtype: DataType = dataTypeOf(data)): Pointer {
  if (sizeOf(shape) !== data.length) {
    throw new EngineError(`${data.length} numbers do not fill the shape [${shape.join(', ')}]`);
  }
  const tf = tensorflow();
  const tensor = tf.TF_AllocateTensor(dataTypes[dtype], toDims(shape), shape.length, data.byteLength);
  const memory = tf.TF_TensorData(tensor);
  if (memory === 0n && data.byteLength > 0) {
    tf.TF_DeleteTensor(tensor);
    throw new EngineError(`no memory for a tensor of ${data.byteLength} bytes`);
  }
  copyMemory(memory, new Uint8Array(data.buffer, data.byteOffset, data.byteLength), data.byteLength);
  return tensor;
}

/** New `TF_Tensor`s, all of them or none, each with the key of its numbers; the caller deletes them. */
export function toNativeAll<K>(tensors: readonly (readonly [key: K, tensor: HostTensor])[]): (readonly [K, Pointer])[] {
  const made: (readonly [K, Pointer])[] = [];
  try {
    for (const [key, tensor] of tensors) made.push([key, toNative(tensor)]);
    return made;
  } catch (error) {
    deleteTensors(made);
    throw error;
  }
}

/** Deletes what {@link toNativeAll} has made. */
export function deleteTensors(tensors: Iterable<readonly [unknown, Pointer]>): void {
  for (const [, tensor] of tensors) tensorflow().TF_DeleteTensor(tensor);
}

/** A new `TF_Tensor` of byte strings; the caller deletes it. */
export function stringsToNative(strings: readonly Uint8Array[], shape: readonly number[]): Pointer {
  const tf = tensorflow();
  const tensor = tf.TF_AllocateTensor(dataTypes.string, toDims(shape), shape.length, strings.length * bytesPerString);
  const base = tf.TF_TensorData(tensor);
  for (const [i, bytes] of strings.entries()) {
    const at = base + BigInt(i * bytesPerString);
    tf.TF_StringInit(at);
    tf.TF_StringCopy(at, bytes, bytes.length);
  }
  return tensor;
}

/** A copy of a `TF_Tensor`'s numbers; the tensor stays the caller's. */
export function fromNative(tensor: Pointer): HostTensor {
  const tf = tensorflow();
  const ArrayType = knownArrayType(tf.TF_TensorType(tensor));
  const shape = Array.from({ length: tf.TF_NumDims(tensor) }, (_, i) => Number(tf.TF_Dim(tensor, i)));
  const bytes = Number(tf.TF_TensorByteSize(tensor));
  return { data: new ArrayType(readMemory(tf.TF_TensorData(tensor), bytes).buffer), shape };
}

/** @param dtype TensorFlow's number of the type */
export function zeros({ shape, dtype }: { readonly shape: readonly number[]; readonly dtype: number }): HostTensor {
  return { data: new (knownArrayType(dtype))(sizeOf(shape)), shape };
}

/** Zeros of the type of a tensor, in another shape. */
export function zerosLike({ data }: HostTensor, shape: readonly number[]): HostTensor {
  return { data: new arrayTypes[dataTypeOf(data)](sizeOf(shape)), shape };
}

type ArrayType = (typeof arrayTypes)[DataType];

/** What holds the numbers of a type on the host; undefined for types that are no numbers. @param dtype TensorFlow's number of the type */
export function arrayTypeOf(dtype: number): ArrayType | undefined {
  const name = (Object.keys(arrayTypes) as DataType[]).find((key) => dataTypes[key] === dtype);
  return name && arrayTypes[name];
}

function knownArrayType(dtype: number): ArrayType {
  const found = arrayTypeOf(dtype);
  if (found === undefined) throw new EngineError(`a tensor of TensorFlow type ${dtype} cannot be read`);
  return found;
}
