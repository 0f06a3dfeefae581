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

/**
 * Reads a tensor from its storage into row-major order, in memory of its own.
 *
 * @returns the array, or what is wrong with the tensor
 */
export function readTensor(
  bytes: ByteSource,
  stored: StoredBytes | undefined,
  tensor: TorchTensor,
  bigEndian: boolean,
): NamedArray | string {
  const { storage, dtype, offset, shape, strides, extent } = tensor;
  if (dtype === undefined) return `elements of type ${storage.className} are not read`;
  if (stored === undefined) return `its storage ${storage.key} is not in the file`;
  const width = bytesPerElement(dtype);
  const count = elementCount(shape);
  const start = storage.viewOffset + offset;
  // Negated so that NaN, which sizes beyond 2^53 give, is refused too.
  if (!(offset + extent <= storageLength(storage, width) && (start + extent) * width <= stored.length && count >= 0))
    return `reaches to element ${start + extent} of storage ${storage.key}, which has ${stored.length / width}`;
  const read = bytes.read(stored.offset + start * width, extent * width);
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
