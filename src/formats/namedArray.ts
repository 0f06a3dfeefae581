/** How the elements of a dtype are held in memory: raw bits for the 16-bit floats, which JavaScript has no array of. */
interface ElementsOf {
  readonly F64: Float64Array;
  readonly F32: Float32Array;
  readonly F16: Uint16Array;
  readonly BF16: Uint16Array;
  readonly I64: BigInt64Array;
  readonly U64: BigUint64Array;
  readonly I32: Int32Array;
  readonly U32: Uint32Array;
  readonly I16: Int16Array;
  readonly U16: Uint16Array;
  readonly I8: Int8Array;
  readonly U8: Uint8Array;
  readonly BOOL: Uint8Array;
}

/** Element types, by the names that safetensors gives them. */
export type Dtype = keyof ElementsOf;

/** An array as a checkpoint holds it: row-major, `data.length` = product of `shape`, one element when `shape` is []. */
export type NamedArray = {
  readonly [D in Dtype]: { readonly dtype: D; readonly shape: readonly number[]; readonly data: ElementsOf[D] };
}[Dtype];

const elementArrays = {
  F64: Float64Array,
  F32: Float32Array,
  F16: Uint16Array,
  BF16: Uint16Array,
  I64: BigInt64Array,
  U64: BigUint64Array,
  I32: Int32Array,
  U32: Uint32Array,
  I16: Int16Array,
  U16: Uint16Array,
  I8: Int8Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
} as const satisfies Record<Dtype, unknown>;

/** Every dtype that can be read and written. */
export const dtypes = Object.keys(elementArrays) as [Dtype, ...Dtype[]];

/** Bytes of one element. */
export function bytesPerElement(dtype: Dtype): number {
  return elementArrays[dtype].BYTES_PER_ELEMENT;
}

/** Number of elements of a shape; NaN where it has no exact value in a double, so that every comparison with it fails. */
export function elementCount(shape: readonly number[]): number {
  const count = shape.reduce((product, side) => product * side, 1);
  return Number.isSafeInteger(count) ? count : Number.NaN;
}

/**
 * The array that little-endian bytes spell, sharing their memory.
 *
 * Machines that cmtdet runs on are little-endian too (TensorFlow is built for no others), so nothing is swapped here.
 *
 * @param bytes at an address that is a multiple of the element's size, as fresh buffers are
 */
export function arrayFromBytes(dtype: Dtype, shape: readonly number[], bytes: Uint8Array): NamedArray {
  const data = new elementArrays[dtype](bytes.buffer as ArrayBuffer, bytes.byteOffset, elementCount(shape));
  return { dtype, shape, data } as NamedArray; // the table above pairs them
}

/** The array's memory, little-endian, not copied. */
export function bytesOf({ data }: NamedArray): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/**
 * The elements as 32-bit floats: the same memory for F32; exact for F16, BF16 and whole numbers below 2^24; rounded to
 * nearest otherwise.
 */
export function toFloat32({ dtype, data }: NamedArray): Float32Array {
  switch (dtype) {
    case 'F32':
      return data;
    case 'BF16': {
      const bits = new Uint32Array(data.length);
      for (let i = 0; i < data.length; i++) bits[i] = data[i]! << 16; // bfloat16 is the upper half of a float
      return new Float32Array(bits.buffer);
    }
    case 'F16': {
      const values = new Float32Array(data.length);
      for (let i = 0; i < data.length; i++) values[i] = halfToNumber(data[i]!);
      return values;
    }
    case 'I64':
    case 'U64': {
      const values = new Float32Array(data.length);
      for (let i = 0; i < data.length; i++) values[i] = Number(data[i]!);
      return values;
    }
    default:
      return new Float32Array(data);
  }
}

/** Value of the last fraction bit of a binary16 number, by its exponent field: 2^-24 (subnormals), 2^-24, 2^-23, ... */
const halfUnits = Array.from({ length: 31 }, (_, exponent) => 2 ** (Math.max(exponent, 1) - 25));

/** The value of IEEE 754 binary16 bits. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  const significand = exponent === 0 ? fraction : 0x400 | fraction;
  return sign * significand * halfUnits[exponent]!;
}

/** Distance between neighbours along each axis of a row-major array, in elements. */
export function rowMajorStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = step;
    step *= shape[axis]!;
  }
  return strides;
}

interface Elements {
  readonly length: number;
  [index: number]: number | bigint;
}

/**
 * Fills `target`, row-major in `shape`, from elements of `source` that lie `strides` apart, beginning with its first.
 * Both must be of one typed-array class, and `target.length` the product of `shape`.
 */
export function copyStrided(
  source: Elements,
  target: Elements,
  shape: readonly number[],
  strides: readonly number[],
): void {
  const rowLength = shape.at(-1) ?? 1;
  const step = strides.at(-1) ?? 1;
  const outer = shape.slice(0, -1);
  const position = outer.map(() => 0);
  let from = 0;
  for (let row = 0; row < target.length; row += rowLength) {
    for (let i = 0; i < rowLength; i++) target[row + i] = source[from + i * step]!;
    // Advance like a car's counter: the last outer axis turns fastest.
    for (let axis = outer.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      position[axis]!++;
      if (position[axis]! < outer[axis]!) break;
      from -= strides[axis]! * outer[axis]!;
      position[axis] = 0;
    }
  }
}

/** `data` of `shape` with its axes in another order: axis i of the result is axis `axes[i]` of `data`. Always a copy. */
export function permuteAxes<A extends NamedArray['data']>(
  data: A,
  shape: readonly number[],
  axes: readonly number[],
): A {
  const strides = rowMajorStrides(shape);
  const result = new (data.constructor as new (size: number) => A)(data.length);
  copyStrided(
    data,
    result,
    axes.map((axis) => shape[axis]!),
    axes.map((axis) => strides[axis]!),
  );
  return result;
}

/** The order of axes that undoes another. */
export const inverseAxes = (axes: readonly number[]): number[] => axes.map((_, axis) => axes.indexOf(axis));

/**
 * The array as 32-bit floats with its axes in another order, as {@link permuteAxes} has it. An array with another number of axes, or
 * where no order is given, only becomes floats.
 */
export function permuted(array: NamedArray, axes: readonly number[] | undefined): NamedArray {
  const { shape } = array;
  const data = toFloat32(array);
  if (axes?.length !== shape.length) return { dtype: 'F32', shape, data };
  return { dtype: 'F32', shape: axes.map((axis) => shape[axis]!), data: permuteAxes(data, shape, axes) };
}

const largestHalf = 65504;

/** IEEE 754 binary16 bits of the nearest values, ties to even; beyond the largest finite one, that one. */
export function toFloat16(values: Float32Array): Uint16Array {
  const halves = new Uint16Array(values.length);
  for (const [i, value] of values.entries()) {
    const magnitude = Math.min(Math.abs(value), largestHalf);
    const exponent = Math.max(Math.floor(Math.log2(magnitude)), -14);
    const unit = halfUnits[exponent + 15]!;
    const steps = roundToEven(magnitude / unit); // 2^10 of them a binade
    halves[i] = (value < 0 ? 0x8000 : 0) | (steps + (exponent + 14) * 0x400);
  }
  return halves;
}

function roundToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest === 0.5) return below % 2 === 0 ? below : below + 1;
  return rest < 0.5 ? below : below + 1;
}
