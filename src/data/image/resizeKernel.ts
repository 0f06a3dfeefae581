import { wasmText } from './resizeKernel.wasm.js';

/** For each pixel of the result along one axis: which pixels it reads, and their weights × 2^22. */
export interface Taps {
  /** [N] first pixel read. */
  readonly first: Int32Array;
  /** [N] number of pixels read. */
  readonly count: Int32Array;
  /** [N, stride] weights, `count` of them used. */
  readonly weights: Int32Array;
  readonly stride: number;
}

/** The exports of the module; parameters are byte addresses, byte strides and counts. */
interface KernelExports {
  resampleColumns(
    source: number,
    sourceStride: number,
    rows: number,
    target: number,
    columns: number,
    ...taps: [first: number, count: number, weights: number, stride: number]
  ): void;
  resampleRows(
    source: number,
    bytes: number,
    target: number,
    targetStride: number,
    rows: number,
    ...taps: [first: number, count: number, weights: number, stride: number]
  ): void;
}

/** The part of WebAssembly's API in use; TypeScript declares it for browsers only. */
interface WebAssemblyApi {
  Memory: new (size: { initial: number }) => { readonly buffer: ArrayBuffer; grow(pages: number): number };
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { readonly exports: unknown };
}
const { Memory, Module, Instance } = (globalThis as unknown as { WebAssembly: WebAssemblyApi }).WebAssembly;

const pageBytes = 65536;
/** How the kernel wants its weights: see its source. */
const pairBytes = 8;
const lowBits = 15;
/** The kernel works on 16 bytes at a time and so touches this many after the end. */
const slack = 16;
/** Memory of a module never shrinks; one that has grown beyond this, for a huge picture, is let go after use. */
const keptBytes = 64 * 2 ** 20;

/**
 * The resize passes in WebAssembly SIMD, with the memory that they work in: eight times as fast as the same loops in JavaScript
 * (docs/decisions/0007-one-resize.md). One per thread; `tools/kernels/resize.as` is its source.
 */
export class ResizeKernel {
  static #kept: ResizeKernel | undefined;

  readonly #memory = new Memory({ initial: 1 });
  readonly #exports: KernelExports;
  #used = 0;

  private constructor() {
    const module = new Module(Uint8Array.from(atob(wasmText), (character) => character.charCodeAt(0)));
    const instance = new Instance(module, { env: { memory: this.#memory } });
    this.#exports = instance.exports as KernelExports;
  }

  /** Calls `work` with the thread's kernel, its memory empty. */
  static use<T>(work: (kernel: ResizeKernel) => T): T {
    ResizeKernel.#kept ??= new ResizeKernel();
    const kernel = ResizeKernel.#kept;
    kernel.#used = 0;
    const result = work(kernel);
    if (kernel.#memory.buffer.byteLength > keptBytes) ResizeKernel.#kept = undefined;
    return result;
  }

  /** Address of new memory, until the end of `use`. */
  allocate(bytes: number): number {
    const address = this.#used;
    this.#used += Math.ceil((bytes + slack) / slack) * slack;
    const missing = this.#used - this.#memory.buffer.byteLength;
    if (missing > 0) this.#memory.grow(Math.ceil(missing / pageBytes));
    return address;
  }

  /** A view of the memory, good until the next `allocate`. */
  view(address: number, bytes: number): Uint8Array {
    return new Uint8Array(this.#memory.buffer, address, bytes);
  }

  /** Along rows: [rows, any, 3], `sourceStride` bytes a row, to [rows, columns.first.length, 3]. */
  resampleColumns(source: number, sourceStride: number, rows: number, target: number, taps: StoredTaps): void {
    this.#exports.resampleColumns(source, sourceStride, rows, target, taps.length, ...taps.addresses);
  }

  /** Across rows: [any, bytes] to rows `from` .. `from + rows - 1` of the result, [rows, bytes], `targetStride` bytes a row. */
  resampleRows(
    source: number,
    bytes: number,
    { target, targetStride, from, rows }: { target: number; targetStride: number; from: number; rows: number },
    taps: StoredTaps,
  ): void {
    const [first, count, weights, stride] = taps.addresses;
    const skip = from * Int32Array.BYTES_PER_ELEMENT;
    const shifted = [first + skip, count + skip, weights + from * stride, stride] as const;
    this.#exports.resampleRows(source, bytes, target, targetStride, rows, ...shifted);
  }

  store({ first, count, weights, stride }: Taps): StoredTaps {
    const [firstAt, countAt] = [this.#storeInts(first), this.#storeInts(count)];
    const pairs = Math.ceil(stride / 2);
    const weightsAt = this.#storeWeights(weights, stride, pairs);
    return { length: first.length, addresses: [firstAt, countAt, weightsAt, pairs * pairBytes] };
  }

  #storeInts(values: Int32Array): number {
    const address = this.allocate(values.byteLength);
    new Int32Array(this.#memory.buffer, address, values.length).set(values);
    return address;
  }

  /** Each weight as high x 2^15 + low, in pairs: high, high, low, low. */
  #storeWeights(weights: Int32Array, stride: number, pairs: number): number {
    const bytes = (weights.length / stride) * pairs * pairBytes;
    const address = this.allocate(bytes);
    const stored = new Int16Array(this.#memory.buffer, address, bytes / Int16Array.BYTES_PER_ELEMENT).fill(0);
    for (let from = 0, to = 0; from < weights.length; from += stride, to += pairs * 4)
      for (let k = 0; k < stride; k++) {
        const weight = weights[from + k]!;
        const place = to + 2 * k - (k & 1); // 0, 1, 4, 5, 8, ...
        stored[place] = weight >> lowBits;
        stored[place + 2] = weight & (2 ** lowBits - 1);
      }
    return address;
  }
}

/** Taps in the kernel's memory. */
export interface StoredTaps {
  readonly length: number;
  /** `stride`: bytes of a pixel's weights. */
  readonly addresses: readonly [first: number, count: number, weights: number, stride: number];
}
