/** The few functions of oneDNN's C API (3.x) that timing a convolution or a product takes: https://uxlfoundation.github.io/oneDNN/group_dnnl_api.html */
import koffi from 'koffi';
import { rowMajorStrides } from '../src/formats/namedArray.js';

type Pointer = bigint;

/** Numbers of dnnl_types.h. */
const cpu = 1;
const float32 = 3;
const anyLayout = 1;
const forwardInference = 96;
const direct = 1;
const allocate = BigInt.asUintN(64, -1n);
const argument = { src: 1, dst: 17, weights: 33, diffSrc: 129, diffDst: 145, diffWeights: 161 } as const;
const layout = { src: 129, diffSrc: 130, weights: 131, diffWeights: 132, dst: 133, diffDst: 134 } as const;

/** What an operation reads and writes, by oneDNN's names. */
type Role = keyof typeof argument;

/** A convolution; shapes as oneDNN counts them, NCHW and OIHW (GOIHW for groups), whatever the memory's order. */
export interface Convolution {
  readonly kind: 'forward' | 'backward data' | 'backward weights';
  readonly src: readonly number[];
  readonly weights: readonly number[];
  readonly dst: readonly number[];
  readonly strides: readonly number[];
  readonly padBefore: readonly number[];
  readonly padAfter: readonly number[];
}

/** [..., M, K] by [..., K, N]. */
export interface Product {
  readonly kind: 'product';
  readonly a: readonly number[];
  readonly b: readonly number[];
}

/** An operation that is ready to be executed. */
export interface Primitive {
  execute(): void;
  dispose(): void;
}

export class OneDnn {
  readonly #library: ReturnType<typeof koffi.load>;
  readonly #functions = new Map<string, (...values: unknown[]) => unknown>();
  readonly #engine: Pointer;
  readonly #stream: Pointer;

  /** @param file libdnnl.so, built for OpenMP */
  constructor(file: string, threads: number) {
    process.env.OMP_NUM_THREADS = String(threads); // read when the library is loaded
    this.#library = koffi.load(file);
    this.#engine = this.#make('dnnl_engine_create', ['int', 'size_t'], cpu, 0);
    this.#stream = this.#make('dnnl_stream_create', ['void *', 'uint'], this.#engine, 1);
  }

  /** With every operand in the layout that oneDNN likes best. */
  convolution({ kind, src, weights, dst, strides, padBefore, padAfter }: Convolution): Primitive {
    const [a, w, c] = [src, weights, dst].map((dims) => this.#description(dims));
    const window = [strides, [0, 0], padBefore, padAfter].map((values) => BigInt64Array.from(values, BigInt));
    const types = Array.from({ length: 4 }, () => 'int64_t *');
    const pointers = (count: number) => Array.from({ length: count }, () => 'void *');
    const forward = this.#make(
      'dnnl_convolution_forward_primitive_desc_create',
      ['void *', 'int', 'int', ...pointers(4), ...types, 'void *'],
      ...[this.#engine, forwardInference, direct, a, w, null, c, ...window, null],
    );
    if (kind === 'forward') return this.#primitive(forward, ['src', 'weights', 'dst']);
    if (kind === 'backward data') {
      const backward = this.#make(
        'dnnl_convolution_backward_data_primitive_desc_create',
        ['void *', 'int', ...pointers(3), ...types, ...pointers(2)],
        ...[this.#engine, direct, a, w, c, ...window, forward, null],
      );
      return this.#primitive(backward, ['diffSrc', 'weights', 'diffDst']);
    }
    const backward = this.#make(
      'dnnl_convolution_backward_weights_primitive_desc_create',
      ['void *', 'int', ...pointers(4), ...types, ...pointers(2)],
      ...[this.#engine, direct, a, w, null, c, ...window, forward, null],
    );
    return this.#primitive(backward, ['src', 'diffWeights', 'diffDst']);
  }

  /** With the second operand in the layout that oneDNN likes best, as weights may be. */
  product({ a, b }: Product): Primitive {
    const rows = this.#description(a, true);
    const dst = this.#description([...a.slice(0, -1), b.at(-1)!], true);
    const description = this.#make(
      'dnnl_matmul_primitive_desc_create',
      Array.from({ length: 6 }, () => 'void *'),
      ...[this.#engine, rows, this.#description(b), null, dst, null],
    );
    return this.#primitive(description, ['src', 'weights', 'dst']);
  }

  #primitive(description: Pointer, roles: readonly Role[]): Primitive {
    const query = this.#function('dnnl_primitive_desc_query_md', 'void *', ['void *', 'int', 'int']);
    const memories = roles.map((role) => this.#memory(query(description, layout[role], 0) as Pointer));
    const primitive = this.#make('dnnl_primitive_create', ['void *'], description);
    const list = new BigInt64Array(2 * roles.length); // struct { int arg; dnnl_memory_t memory; }
    for (const [i, role] of roles.entries()) list.set([BigInt(argument[role]), memories[i]!], 2 * i);
    const execute = this.#function('dnnl_primitive_execute', 'int', ['void *', 'void *', 'int', 'int64_t *']);
    const wait = this.#function('dnnl_stream_wait', 'int', ['void *']);
    return {
      execute: () => {
        check('dnnl_primitive_execute', execute(primitive, this.#stream, roles.length, list));
        wait(this.#stream);
      },
      dispose: () => {
        this.#function('dnnl_primitive_destroy', 'int', ['void *'])(primitive);
        for (const memory of memories) this.#function('dnnl_memory_destroy', 'int', ['void *'])(memory);
      },
    };
  }

  /** Filled with a number whose products stay in range. */
  #memory(description: Pointer): Pointer {
    const memory = this.#make(
      'dnnl_memory_create',
      ['void *', 'void *', 'uintptr_t'],
      description,
      this.#engine,
      allocate,
    );
    const bytes = Number(this.#function('dnnl_memory_desc_get_size', 'size_t', ['void *'])(description));
    const handle = new BigUint64Array(1);
    check(
      'dnnl_memory_get_data_handle',
      this.#function('dnnl_memory_get_data_handle', 'int', ['void *', 'uint64_t *'])(memory, handle),
    );
    new Float32Array(koffi.view(handle[0]!, bytes)).fill(0.01);
    return memory;
  }

  #description(dims: readonly number[], inOrder = false): Pointer {
    const counts = BigInt64Array.from(dims, BigInt);
    if (!inOrder)
      return this.#make(
        'dnnl_memory_desc_create_with_tag',
        ['int', 'int64_t *', 'int', 'int'],
        ...[dims.length, counts, float32, anyLayout],
      );
    const strides = BigInt64Array.from(rowMajorStrides(dims), BigInt);
    return this.#make(
      'dnnl_memory_desc_create_with_strides',
      ['int', 'int64_t *', 'int', 'int64_t *'],
      ...[dims.length, counts, float32, strides],
    );
  }

  /** Calls a function whose first argument is where the handle goes that it makes. */
  #make(name: string, types: readonly string[], ...values: readonly unknown[]): Pointer {
    const handle = new BigUint64Array(1);
    check(name, this.#function(name, 'int', ['uint64_t *', ...types])(handle, ...values));
    return handle[0]!;
  }

  #function(name: string, result: string, types: readonly string[]) {
    let found = this.#functions.get(name);
    if (found === undefined) {
      found = this.#library.func(name, result, [...types]) as (...values: unknown[]) => unknown;
      this.#functions.set(name, found);
    }
    return found;
  }
}

function check(name: string, status: unknown): void {
  if (status !== 0) throw new Error(`${name}: status ${status} (dnnl_status_t)`);
}
