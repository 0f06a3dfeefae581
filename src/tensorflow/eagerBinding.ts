/** tfjs' kernels on TensorFlow's eager runtime: every operation runs at once. For tests, debugging and small jobs. */
import { EngineError } from '../errors.js';
import { type Pointer, type TensorflowApi, tensorflow, withStatus } from './api.js';
import { type Attribute, setEagerAttribute } from './attributes.js';
import { areStrings, Binding, dataTypeName, type TensorMetadata, toHostArray, typeForTfjs } from './binding.js';
import { type DataType, dataTypes, fromNative, stringsToNative, toNative } from './hostTensor.js';
import { withOwnThreads } from './ownThreads.js';

export class EagerBinding extends Binding {
  readonly #tf: TensorflowApi = tensorflow();
  readonly #context: Pointer;
  readonly #handles = new Map<number, Pointer>();
  #nextId = 0;

  /** @param config a serialised `ConfigProto` */
  constructor(config: Uint8Array) {
    super();
    const options = this.#tf.TFE_NewContextOptions();
    withStatus('eager options', (status) =>
      this.#tf.TFE_ContextOptionsSetConfig(options, config, config.length, status),
    );
    this.#context = withStatus('eager context', (status) =>
      withOwnThreads(() => this.#tf.TFE_NewContext(options, status)),
    );
    this.#tf.TFE_DeleteContextOptions(options);
  }

  createTensor(...[shape, dtype, values]: Parameters<Binding['createTensor']>): number {
    const tensor = areStrings(dtype, values)
      ? stringsToNative(values, shape)
      : toNative({ data: toHostArray(dtype, values), shape }, dataTypeName(dtype) as DataType);
    try {
      return this.#keep(withStatus('tensor', (status) => this.#tf.TFE_NewTensorHandle(tensor, status)));
    } finally {
      this.#tf.TF_DeleteTensor(tensor);
    }
  }

  deleteTensor(id: number): void {
    const handle = this.#handles.get(id);
    if (handle === undefined) return;
    this.#handles.delete(id);
    this.#tf.TFE_DeleteTensorHandle(handle);
  }

  tensorDataSync(id: number): Float32Array | Int32Array | Uint8Array {
    const tensor = withStatus('read', (status) => this.#tf.TFE_TensorHandleResolve(this.#handle(id), status));
    try {
      const { data } = fromNative(tensor);
      if (data instanceof BigInt64Array) return Int32Array.from(data, Number);
      if (data instanceof Float64Array) return Float32Array.from(data);
      return data;
    } finally {
      this.#tf.TF_DeleteTensor(tensor);
    }
  }

  executeOp(
    name: string,
    attributes: readonly Attribute[],
    inputs: readonly number[],
    outputs: number,
  ): TensorMetadata[] {
    const tf = this.#tf;
    const handles = inputs.map((id) => this.#handle(id));
    try {
      return withStatus(name, (status) => {
        const op = tf.TFE_NewOp(this.#context, name, status);
        if (op === 0n) return [];
        for (const attribute of attributes) setEagerAttribute(tf, op, attribute);
        for (const handle of handles) tf.TFE_OpAddInput(op, handle, status);
        const results = new BigUint64Array(Math.max(outputs, 1));
        const count = new Int32Array([outputs]);
        if (tf.TF_GetCode(status) === 0) tf.TFE_Execute(op, results, count, status);
        else count[0] = 0;
        tf.TFE_DeleteOp(op);
        if (tf.TF_GetCode(status) !== 0) return [];
        return [...results.subarray(0, count[0])].map((handle) => this.#describe(handle));
      });
    } catch (error) {
      throw error instanceof EngineError
        ? new EngineError(
            error.message,
            name,
            handles.map((handle) => this.#shape(handle)),
          )
        : error;
    }
  }

  #keep(handle: Pointer): number {
    this.#handles.set(this.#nextId, handle);
    return this.#nextId++;
  }

  #handle(id: number): Pointer {
    const handle = this.#handles.get(id);
    if (handle === undefined)
      throw new EngineError('a tensor was used after its disposal, or outside the graph it was traced in');
    return handle;
  }

  #describe(handle: Pointer): TensorMetadata {
    const dtype = this.#tf.TFE_TensorHandleDataType(handle);
    return {
      id: this.#keep(handle),
      dtype: typeForTfjs(dtype),
      shape: dtype === dataTypes.resource ? [] : this.#shape(handle),
    };
  }

  #shape(handle: Pointer): number[] {
    return withStatus('shape', (status) =>
      Array.from({ length: this.#tf.TFE_TensorHandleNumDims(handle, status) }, (_, i) =>
        Number(this.#tf.TFE_TensorHandleDim(handle, i, status)),
      ),
    );
  }
}
