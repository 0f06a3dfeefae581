/**
 * The functions of TensorFlow's C API that cmtdet calls, with their types.
 *
 * Source: `tensorflow/c/c_api.h` and `tensorflow/c/eager/c_api.h` of TensorFlow 2.21, which the wheel carries. Some are
 * exported by `libtensorflow_cc`, some by `libtensorflow_framework`; which one is not documented, so both are asked.
 */
import koffi from 'koffi';
import { EngineError } from '../errors.js';
import { findLibrary } from './install/locate.js';
import { quietly } from './quietly.js';

/** An address in native memory; 0n is null. */
export type Pointer = bigint;

/** One output of a graph operation (`TF_Output`, passed by value). */
export interface Output {
  readonly oper: Pointer;
  readonly index: number;
}

type Dims = BigInt64Array;
type SetAttrs<P extends string, Tail extends unknown[]> = {
  [K in `${P}Type` | `${P}Int`]: (op: Pointer, name: string, value: number) => void;
} & {
  [K in `${P}Bool`]: (op: Pointer, name: string, value: 0 | 1) => void;
} & {
  [K in `${P}Float`]: (op: Pointer, name: string, value: number) => void;
} & {
  [K in `${P}String`]: (op: Pointer, name: string, value: string, bytes: number) => void;
} & {
  [K in `${P}IntList`]: (op: Pointer, name: string, values: BigInt64Array, count: number) => void;
} & {
  [K in `${P}FloatList`]: (op: Pointer, name: string, values: Float32Array, count: number) => void;
} & {
  [K in `${P}TypeList`]: (op: Pointer, name: string, values: Int32Array, count: number) => void;
} & {
  [K in `${P}Shape`]: (op: Pointer, name: string, dims: Dims, rank: number, ...tail: Tail) => void;
};

type SessionRunArguments = [
  session: Pointer,
  runOptions: Pointer,
  inputs: Output[],
  inputValues: Pointer[],
  inputCount: number,
  outputs: Output[],
  outputValues: BigUint64Array,
  outputCount: number,
  targets: Pointer[],
  targetCount: number,
  runMetadata: Pointer,
  status: Pointer,
];

/** `TF_SessionRun`, once as a plain call and once on a worker thread. */
interface SessionRun {
  (...args: SessionRunArguments): void;
  async(...args: [...SessionRunArguments, done: (error: Error | null) => void]): void;
}

export interface TensorflowApi extends SetAttrs<'TF_SetAttr', []>, SetAttrs<'TFE_OpSetAttr', [status: Pointer]> {
  TF_Version(): string;
  TF_NewStatus(): Pointer;
  TF_DeleteStatus(status: Pointer): void;
  TF_GetCode(status: Pointer): number;
  TF_Message(status: Pointer): string;

  TF_NewBufferFromString(bytes: Uint8Array, length: number): Pointer;
  TF_NewBuffer(): Pointer;
  TF_DeleteBuffer(buffer: Pointer): void;
  TF_GetAllOpList(): Pointer;
  TF_GetAllRegisteredKernels(status: Pointer): Pointer;

  TF_AllocateTensor(dtype: number, dims: Dims, rank: number, bytes: number): Pointer;
  TF_DeleteTensor(tensor: Pointer): void;
  TF_TensorData(tensor: Pointer): Pointer;
  TF_TensorByteSize(tensor: Pointer): number | bigint;
  TF_TensorType(tensor: Pointer): number;
  TF_NumDims(tensor: Pointer): number;
  TF_Dim(tensor: Pointer, index: number): number | bigint;
  TF_StringInit(string: Pointer): void;
  TF_StringCopy(string: Pointer, bytes: Uint8Array, length: number): void;
  TF_StringDealloc(string: Pointer): void;

  TF_NewGraph(): Pointer;
  TF_DeleteGraph(graph: Pointer): void;
  TF_NewOperation(graph: Pointer, type: string, name: string): Pointer;
  TF_FinishOperation(description: Pointer, status: Pointer): Pointer;
  TF_AddInput(description: Pointer, input: Output): void;
  TF_AddInputList(description: Pointer, inputs: Output[], count: number): void;
  TF_AddControlInput(description: Pointer, operation: Pointer): void;
  TF_SetAttrTensor(description: Pointer, name: string, tensor: Pointer, status: Pointer): void;
  TF_GraphGetTensorNumDims(graph: Pointer, output: Output, status: Pointer): number;
  TF_GraphGetTensorShape(graph: Pointer, output: Output, dims: Dims, rank: number, status: Pointer): void;
  TF_OperationOutputType(output: Output): number;
  TF_OperationName(operation: Pointer): string;
  TF_OperationNumOutputs(operation: Pointer): number;
  TF_GraphOperationByName(graph: Pointer, name: string): Pointer;
  TF_GraphToGraphDef(graph: Pointer, buffer: Pointer, status: Pointer): void;
  TF_GraphSetTensorShape(graph: Pointer, output: Output, dims: Dims, rank: number, status: Pointer): void;
  /** The operations between some outputs as a function; the nulls and -1 say "all of them, unnamed, no options". */
  TF_GraphToFunction(
    body: Pointer,
    name: string,
    appendHash: 0 | 1,
    operationCount: -1,
    operations: 0n,
    inputCount: number,
    inputs: Output[],
    outputCount: number,
    outputs: Output[],
    outputNames: 0n,
    options: 0n,
    description: string,
    status: Pointer,
  ): Pointer;
  TF_GraphCopyFunction(graph: Pointer, fn: Pointer, gradient: 0n, status: Pointer): void;
  TF_DeleteFunction(fn: Pointer): void;
  TF_SetAttrFuncName(description: Pointer, name: string, value: string, bytes: number): void;

  TF_NewSessionOptions(): Pointer;
  TF_DeleteSessionOptions(options: Pointer): void;
  TF_SetConfig(options: Pointer, bytes: Uint8Array, length: number, status: Pointer): void;
  TF_SetTarget(options: Pointer, target: string): void;
  TF_NewSession(graph: Pointer, options: Pointer, status: Pointer): Pointer;
  TF_LoadSessionFromSavedModel(
    options: Pointer,
    runOptions: 0n,
    folder: string,
    tags: string[],
    tagCount: number,
    graph: Pointer,
    metaGraph: 0n,
    status: Pointer,
  ): Pointer;
  TF_CloseSession(session: Pointer, status: Pointer): void;
  TF_DeleteSession(session: Pointer, status: Pointer): void;
  TF_SessionListDevices(session: Pointer, status: Pointer): Pointer;
  TF_SessionRun: SessionRun;

  TF_NewServer(bytes: Uint8Array, length: number, status: Pointer): Pointer;
  TF_ServerStart(server: Pointer, status: Pointer): void;
  TF_ServerTarget(server: Pointer): string;

  TF_DeviceListCount(list: Pointer): number;
  TF_DeviceListName(list: Pointer, index: number, status: Pointer): string;
  TF_DeviceListType(list: Pointer, index: number, status: Pointer): string;
  TF_DeviceListMemoryBytes(list: Pointer, index: number, status: Pointer): number | bigint;
  TF_DeleteDeviceList(list: Pointer): void;

  TFE_NewContextOptions(): Pointer;
  TFE_ContextOptionsSetConfig(options: Pointer, bytes: Uint8Array, length: number, status: Pointer): void;
  TFE_DeleteContextOptions(options: Pointer): void;
  TFE_NewContext(options: Pointer, status: Pointer): Pointer;
  TFE_NewOp(context: Pointer, name: string, status: Pointer): Pointer;
  TFE_DeleteOp(op: Pointer): void;
  TFE_OpAddInput(op: Pointer, handle: Pointer, status: Pointer): void;
  TFE_Execute(op: Pointer, outputs: BigUint64Array, count: Int32Array, status: Pointer): void;
  TFE_NewTensorHandle(tensor: Pointer, status: Pointer): Pointer;
  TFE_DeleteTensorHandle(handle: Pointer): void;
  TFE_TensorHandleResolve(handle: Pointer, status: Pointer): Pointer;
  TFE_TensorHandleDataType(handle: Pointer): number;
  TFE_TensorHandleNumDims(handle: Pointer, status: Pointer): number;
  TFE_TensorHandleDim(handle: Pointer, index: number, status: Pointer): number | bigint;
}

const p = 'void*';

/** C types in the order result, arguments. `o` is a `TF_Output` by value, `o*` an array of them. */
const signatures: Record<keyof TensorflowApi, readonly [result: string, ...args: string[]]> = {
  TF_Version: ['str'],
  TF_NewStatus: [p],
  TF_DeleteStatus: ['void', p],
  TF_GetCode: ['int', p],
  TF_Message: ['str', p],
  TF_NewBufferFromString: [p, p, 'size_t'],
  TF_NewBuffer: [p],
  TF_DeleteBuffer: ['void', p],
  TF_GetAllOpList: [p],
  TF_GetAllRegisteredKernels: [p, p],
  TF_AllocateTensor: [p, 'int', p, 'int', 'size_t'],
  TF_DeleteTensor: ['void', p],
  TF_TensorData: [p, p],
  TF_TensorByteSize: ['size_t', p],
  TF_TensorType: ['int', p],
  TF_NumDims: ['int', p],
  TF_Dim: ['int64_t', p, 'int'],
  TF_StringInit: ['void', p],
  TF_StringCopy: ['void', p, p, 'size_t'],
  TF_StringDealloc: ['void', p],
  TF_NewGraph: [p],
  TF_DeleteGraph: ['void', p],
  TF_NewOperation: [p, p, 'str', 'str'],
  TF_FinishOperation: [p, p, p],
  TF_AddInput: ['void', p, 'TF_Output'],
  TF_AddInputList: ['void', p, 'TF_Output*', 'int'],
  TF_AddControlInput: ['void', p, p],
  TF_SetAttrTensor: ['void', p, 'str', p, p],
  TF_SetAttrType: ['void', p, 'str', 'int'],
  TF_SetAttrInt: ['void', p, 'str', 'int64_t'],
  TF_SetAttrBool: ['void', p, 'str', 'uint8_t'],
  TF_SetAttrFloat: ['void', p, 'str', 'float'],
  TF_SetAttrString: ['void', p, 'str', 'str', 'size_t'],
  TF_SetAttrIntList: ['void', p, 'str', p, 'int'],
  TF_SetAttrFloatList: ['void', p, 'str', p, 'int'],
  TF_SetAttrTypeList: ['void', p, 'str', p, 'int'],
  TF_SetAttrShape: ['void', p, 'str', p, 'int'],
  TF_GraphGetTensorNumDims: ['int', p, 'TF_Output', p],
  TF_GraphGetTensorShape: ['void', p, 'TF_Output', p, 'int', p],
  TF_OperationOutputType: ['int', 'TF_Output'],
  TF_OperationName: ['str', p],
  TF_OperationNumOutputs: ['int', p],
  TF_GraphOperationByName: [p, p, 'str'],
  TF_GraphToGraphDef: ['void', p, p, p],
  TF_GraphSetTensorShape: ['void', p, 'TF_Output', p, 'int', p],
  TF_GraphToFunction: [p, p, 'str', 'uint8_t', 'int', p, 'int', 'TF_Output*', 'int', 'TF_Output*', p, p, 'str', p],
  TF_GraphCopyFunction: ['void', p, p, p, p],
  TF_DeleteFunction: ['void', p],
  TF_SetAttrFuncName: ['void', p, 'str', 'str', 'size_t'],
  TF_NewSessionOptions: [p],
  TF_DeleteSessionOptions: ['void', p],
  TF_SetConfig: ['void', p, p, 'size_t', p],
  TF_SetTarget: ['void', p, 'str'],
  TF_NewSession: [p, p, p, p],
  TF_LoadSessionFromSavedModel: [p, p, p, 'str', 'str *', 'int', p, p, p],
  TF_CloseSession: ['void', p, p],
  TF_DeleteSession: ['void', p, p],
  TF_SessionListDevices: [p, p, p],
  TF_SessionRun: ['void', p, p, 'TF_Output*', 'void**', 'int', 'TF_Output*', p, 'int', 'void**', 'int', p, p],
  TF_NewServer: [p, p, 'size_t', p],
  TF_ServerStart: ['void', p, p],
  TF_ServerTarget: ['str', p],
  TF_DeviceListCount: ['int', p],
  TF_DeviceListName: ['str', p, 'int', p],
  TF_DeviceListType: ['str', p, 'int', p],
  TF_DeviceListMemoryBytes: ['int64_t', p, 'int', p],
  TF_DeleteDeviceList: ['void', p],
  TFE_NewContextOptions: [p],
  TFE_ContextOptionsSetConfig: ['void', p, p, 'size_t', p],
  TFE_DeleteContextOptions: ['void', p],
  TFE_NewContext: [p, p, p],
  TFE_NewOp: [p, p, 'str', p],
  TFE_DeleteOp: ['void', p],
  TFE_OpAddInput: ['void', p, p, p],
  TFE_OpSetAttrType: ['void', p, 'str', 'int'],
  TFE_OpSetAttrInt: ['void', p, 'str', 'int64_t'],
  TFE_OpSetAttrBool: ['void', p, 'str', 'uint8_t'],
  TFE_OpSetAttrFloat: ['void', p, 'str', 'float'],
  TFE_OpSetAttrString: ['void', p, 'str', 'str', 'size_t'],
  TFE_OpSetAttrIntList: ['void', p, 'str', p, 'int'],
  TFE_OpSetAttrFloatList: ['void', p, 'str', p, 'int'],
  TFE_OpSetAttrTypeList: ['void', p, 'str', p, 'int'],
  TFE_OpSetAttrShape: ['void', p, 'str', p, 'int', p],
  TFE_Execute: ['void', p, p, p, p],
  TFE_NewTensorHandle: [p, p, p],
  TFE_DeleteTensorHandle: ['void', p],
  TFE_TensorHandleResolve: [p, p, p],
  TFE_TensorHandleDataType: ['int', p],
  TFE_TensorHandleNumDims: ['int', p, p],
  TFE_TensorHandleDim: ['int64_t', p, 'int', p],
};

/** Flags of dlopen(3): bind now, for everybody, and never unload (TensorFlow's threads outlive Node's clean-up). */
const pinFlags = process.platform === 'darwin' ? 0x2 | 0x8 | 0x80 : 0x2 | 0x100 | 0x1000;

let loaded: TensorflowApi | undefined;

/**
 * The C API; loads the two shared libraries at the first call (about a second).
 *
 * @throws EngineError when the library is not installed, or is one that lacks a function
 */
export function tensorflow(): TensorflowApi {
  loaded ??= load();
  return loaded;
}

function load(): TensorflowApi {
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2'; // its own notes on CPU features are not for our users
  const { framework, cc } = findLibrary();
  const dlopen = koffi.load(null).func('dlopen', p, ['str', 'int']);
  const handles = [framework, cc].map((file) => {
    quietly(() => dlopen(file, pinFlags)); // a failure shows in the next line, with its reason
    try {
      return koffi.load(file, { global: true });
    } catch (error) {
      throw new EngineError(
        `cannot load ${file}: ${error instanceof Error ? error.message : error}. Run "npx cmtdet setup" again.`,
      );
    }
  });
  koffi.struct('TF_Output', { oper: p, index: 'int' });
  const functions = Object.entries(signatures).map(([name, [result, ...args]]) => {
    for (const handle of handles) {
      try {
        return [name, handle.func(name, result, args)] as const;
      } catch {} // the other file has it
    }
    throw new EngineError(`${cc} has no function ${name}: cmtdet needs TensorFlow 2.21 (run "npx cmtdet setup")`);
  });
  return Object.fromEntries(functions) as unknown as TensorflowApi;
}

/** Runs a C function that reports through a `TF_Status`. @throws EngineError with TensorFlow's message */
export function withStatus<T>(what: string, call: (status: Pointer) => T): T {
  const tf = tensorflow();
  const status = tf.TF_NewStatus();
  try {
    const result = call(status);
    if (tf.TF_GetCode(status) !== 0) throw new EngineError(`${what}: ${tf.TF_Message(status)}`);
    return result;
  } finally {
    tf.TF_DeleteStatus(status);
  }
}

/** A shape as C wants it. */
export const toDims = (shape: readonly number[]): BigInt64Array => BigInt64Array.from(shape, BigInt);

type Memcpy = (to: Pointer | Uint8Array, from: Pointer | Uint8Array, bytes: number) => void;
let memcpy: Memcpy | undefined;

/**
 * Copies between native memory and an array, or the other way round.
 *
 * There is no view of native memory: V8 would count each one as memory of its own, and collect garbage for it all the time.
 */
export function copyMemory(...[to, from, bytes]: Parameters<Memcpy>): void {
  memcpy ??= koffi.load(null).func('memcpy', 'void', [p, p, 'size_t']) as Memcpy;
  memcpy(to, from, bytes);
}

/** Gives memory that native code has freed back to the system, where the C library can be told to (glibc). */
export function trimMemory(): void {
  if (process.platform !== 'linux') return;
  try {
    trim ??= koffi.load(null).func('malloc_trim', 'int', ['size_t']) as (keep: number) => number;
    trim(0);
  } catch {} // musl has no such function
}
let trim: ((keep: number) => number) | undefined;

/** A copy of native memory. */
export function readMemory(from: Pointer, bytes: number): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(bytes);
  copyMemory(copy, from, bytes);
  return copy;
}

/** A copy of the bytes of a `TF_Buffer`, a struct that starts with a pointer and a length. */
export function readBuffer(buffer: Pointer): Uint8Array {
  const [data, length] = new BigUint64Array(readMemory(buffer, 16).buffer);
  return readMemory(data!, Number(length));
}
