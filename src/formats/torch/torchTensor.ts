import type { ByteSource } from '../byteSource.js';
import {
  arrayFromBytes,
  bytesPerElement,
  copyStrided,
  type Dtype,
  elementCount,
  type NamedArray,
  rowMajorStrides,
} from '../namedArray.js';

/** The memory that tensors of a PyTorch file look into, as the pickle names it. */
export interface StorageReference {
  readonly key: string;
  /** Undefined for bytes without a type (the tensor brings it) and for types that are not read. */
  readonly dtype: Dtype | undefined;
  /** Of torch, for messages: `torch.FloatStorage`. */
  readonly className: string;
  /** In elements; in bytes where it has no type. */
  readonly length: number;
  /** Where this storage begins in the one of that key, in elements. Only files of before PyTorch 0.4 have views. */
  readonly viewOffset: number;
}

/** A tensor as the pickle describes it: a window on a storage. Lengths and steps are in elements. */
export class TorchTensor {
  constructor(
    readonly storage: StorageReference,
    readonly dtype: Dtype | undefined,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
  ) {}

  /** Elements from the first to the last that the tensor looks at. */
  get extent(): number {
    if (this.shape.includes(0)) return 0;
    return this.shape.reduce((last, side, axis) => last + (side - 1) * this.strides[axis]!, 1);
  }

  /** The bytes that reading it moves or makes: more than its extent where a stride is 0 (`expand`), less where it is large. */
  get cost(): number {
    const elements = elementCount(this.shape);
    return Math.max(elements, this.extent) * (this.dtype === undefined ? 1 : bytesPerElement(this.dtype));
  }
}

/** Where the bytes of a storage lie in the file. */
export interface StoredBytes {
  readonly offset: number;
  /** In bytes. */
  readonly length: number;
}

/** Why a tensor cannot be read, without reading it; undefined where it can. */
export function tensorFault(stored: StoredBytes | undefined, tensor: TorchTensor): string | undefined {
  const { storage, dtype, offset, extent } = tensor;
  if (dtype === undefined) return `elements of type ${storage.className} are not read`;
  if (stored === undefined) return `its storage ${storage.key} is not in the file`;
  const width = bytesPerElement(dtype);
  const end = storage.viewOffset + offset + extent;
  // Positive conditions, so that NaN and infinity, which sizes beyond 2^53 give, are faults too.
  if (offset + extent <= storageLength(storage, width) && end * width <= stored.length) return undefined;
  return `reaches to element ${end} of storage ${storage.key}, which has ${stored.length / width}`;
}

/**
 * Reads a tensor from its storage into row-major order, in memory of its own.
 *
 * @param tensor one without a {@link tensorFault}
 */
export function readTensor(
  bytes: ByteSource,
  stored: StoredBytes,
  tensor: TorchTensor,
  bigEndian: boolean,
): NamedArray {
  const { storage, shape, strides, extent } = tensor;
  const dtype = tensor.dtype!;
  const width = bytesPerElement(dtype);
  const count = elementCount(shape);
  const read = bytes.read(stored.offset + (storage.viewOffset + tensor.offset) * width, extent * width);
  if (bigEndian) swapBytes(read, width);
  const window = arrayFromBytes(dtype, [extent], read);
  if (extent === count && isRowMajor(shape, strides)) return { ...window, shape };
  const array = arrayFromBytes(dtype, shape, new Uint8Array(count * width));
  copyStrided(window.data, array.data, shape, strides);
  return array;
}

function storageLength({ dtype, length }: StorageReference, width: number): number {
  return dtype === undefined ? length / width : length;
}

function isRowMajor(shape: readonly number[], strides: readonly number[]): boolean {
  const expected = rowMajorStrides(shape);
  return shape.every((side, axis) => side === 1 || strides[axis] === expected[axis]);
}

/** Turns the byte order of every element around, in place. */
function swapBytes(bytes: Uint8Array, width: number): void {
  if (width === 1) return;
  for (let at = 0; at < bytes.length; at += width) bytes.subarray(at, at + width).reverse();
}
