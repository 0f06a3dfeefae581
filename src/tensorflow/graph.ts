/** A TensorFlow graph under construction. It only grows; TensorFlow has no way to take an operation out. */
import { EngineError } from '../errors.js';
import { type Output, type Pointer, readBuffer, type TensorflowApi, tensorflow, toDims, withStatus } from './api.js';
import { type Attribute, attributeTypes, setGraphAttribute } from './attributes.js';
import { type DataType, dataTypeOf, dataTypes, type HostTensor, stringsToNative, toNative } from './hostTensor.js';

/** Operations whose first inputs are one list, with the number of single inputs that follow it. */
const listInputs: Readonly<Record<string, number>> = {
  ConcatV2: 1,
  Pack: 0,
  AddN: 0,
  IdentityN: 0,
  Einsum: 0,
  PartitionedCall: 0,
};

/** Operations whose inputs end in a list that is left empty here. */
const emptyList: ReadonlySet<string> = new Set(['CollectiveReduceV2', 'CollectiveGatherV2']);

/** Constants up to this size are stored once and shared. */
const sharedConstantBytes = 256;

/** What a function consists of. */
export interface FunctionBody {
  readonly graph: Graph;
  readonly inputs: readonly Output[];
  readonly outputs: readonly Output[];
}

export class Graph {
  /** For tests: records a function again at each call with its name, and throws where that gives another one. */
  static comparesFunctions = false;

  readonly pointer: Pointer;
  readonly #tf: TensorflowApi = tensorflow();
  readonly #constants = new Map<string, Output>();
  readonly #functions = new Map<string, readonly (readonly number[])[]>();
  /** What was recorded, in words, and the functions' likewise; both only where functions are compared. */
  readonly #script: string[] = [];
  readonly #scripts = new Map<string, string>();
  #count = 0;
  #holding: readonly Pointer[] = [];

  /** Numbers in a tensor from which on functions of `fuse` become one compiled operation here. */
  fusesFrom = Number.POSITIVE_INFINITY;

  constructor() {
    this.pointer = this.#tf.TF_NewGraph();
  }

  /**
   * Adds an operation and returns it.
   *
   * @param after operations that must have run before it
   * @throws EngineError naming the operation and its inputs' shapes
   */
  operation(
    type: string,
    inputs: readonly Output[],
    attributes: readonly Attribute[] = [],
    after: readonly Pointer[] = [],
  ): Pointer {
    const tf = this.#tf;
    try {
      return withStatus(type, (status) => {
        const description = tf.TF_NewOperation(this.pointer, type, `${type}_${this.#count++}`);
        const single = listInputs[type];
        const listed = single === undefined ? 0 : inputs.length - single;
        if (single !== undefined) tf.TF_AddInputList(description, inputs.slice(0, listed), listed);
        for (const input of inputs.slice(listed)) tf.TF_AddInput(description, input);
        if (emptyList.has(type)) tf.TF_AddInputList(description, [], 0);
        for (const operation of [...this.#holding, ...after]) tf.TF_AddControlInput(description, operation);
        for (const attribute of attributes) setGraphAttribute(tf, description, attribute);
        if (Graph.comparesFunctions)
          this.#script.push(`${type}(${inputs.map((x) => this.#placeOf(x))}) ${words(attributes)}`);
        return tf.TF_FinishOperation(description, status);
      });
    } catch (error) {
      throw error instanceof EngineError
        ? new EngineError(
            error.message,
            type,
            inputs.map((input) => this.describe(input).shape),
          )
        : error;
    }
  }

  /** Runs `body`, whose operations wait for those of `operations`. */
  after<T>(operations: readonly Pointer[], body: () => T): T {
    const around = this.#holding;
    this.#holding = [...around, ...operations];
    try {
      return body();
    } finally {
      this.#holding = around;
    }
  }

  /** A constant; small equal ones are one operation. */
  constant(value: HostTensor, dtype: DataType = dataTypeOf(value.data)): Output {
    const { data, shape } = value;
    if (data.byteLength > sharedConstantBytes) return this.#newConstant(toNative(value, dtype), dtype);
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64');
    const key = `${dtype}[${shape.join()}]${bytes}`;
    let output = this.#constants.get(key);
    if (output === undefined) {
      output = this.#newConstant(toNative(value, dtype), dtype);
      if (Graph.comparesFunctions) this.#script.push(key);
      this.#constants.set(key, output);
    }
    return output;
  }

  stringConstant(values: readonly Uint8Array[], shape: readonly number[]): Output {
    return this.#newConstant(stringsToNative(values, shape), 'string');
  }

  /** An input that each run feeds. */
  placeholder(dtype: DataType | 'string', shape: readonly number[]): Output {
    const attributes = [
      { name: 'dtype', type: attributeTypes.type, value: dataTypes[dtype] },
      { name: 'shape', type: attributeTypes.shape, value: shape },
    ];
    return { oper: this.operation('Placeholder', [], attributes), index: 0 };
  }

  /**
   * Makes operations of another graph a function of this one, at the first call with its name.
   *
   * @param define records them and says what goes in and comes out; its graph is disposed of
   * @returns shapes of the outputs
   */
  function(name: string, define: () => FunctionBody): readonly (readonly number[])[] {
    const known = this.#functions.get(name);
    if (known !== undefined && !Graph.comparesFunctions) return known;
    const body = define();
    try {
      if (Graph.comparesFunctions) this.#compare(name, body.graph.#script.join('\n'));
      const shapes = known ?? this.#addFunction(name, body);
      this.#functions.set(name, shapes);
      return shapes;
    } finally {
      body.graph.dispose();
    }
  }

  #compare(name: string, script: string): void {
    const before = this.#scripts.get(name);
    if (before !== undefined && before !== script)
      throw new EngineError(`two different functions are called ${name}: what they depend on has to be in the name`);
    this.#scripts.set(name, script);
  }

  /** Tells TensorFlow the shape of an output that it cannot infer. */
  setShape(output: Output, shape: readonly number[]): void {
    withStatus('shape', (status) =>
      this.#tf.TF_GraphSetTensorShape(this.pointer, output, toDims(shape), shape.length, status),
    );
  }

  /** Shape and TensorFlow type number of an output. @throws EngineError when the shape is not known while tracing */
  describe(output: Output): { shape: readonly number[]; dtype: number } {
    const { shape, dtype } = this.inferred(output);
    if (shape !== undefined) return { shape, dtype };
    if (dtype === dataTypes.resource || dtype === dataTypes.string) return { shape: [], dtype };
    throw new EngineError(
      'the shape of a result depends on values; a traced function needs shapes that follow from its input shapes',
    );
  }

  /** What TensorFlow's shape inference knows of an output; an undefined shape depends on values. */
  inferred(output: Output): { shape: readonly number[] | undefined; dtype: number } {
    const tf = this.#tf;
    const dtype = tf.TF_OperationOutputType(output);
    const shape = withStatus('shape', (status) => {
      const rank = tf.TF_GraphGetTensorNumDims(this.pointer, output, status);
      if (rank <= 0) return rank < 0 ? undefined : [];
      const dims = new BigInt64Array(rank);
      tf.TF_GraphGetTensorShape(this.pointer, output, dims, rank, status);
      return [...dims].map(Number);
    });
    return { shape: shape?.includes(-1) ? undefined : shape, dtype };
  }

  /** The name of an output's operation, which is unique in the graph. */
  nameOf({ oper }: Output): string {
    return this.#tf.TF_OperationName(oper);
  }

  /** The operation of a name. @throws EngineError when there is none */
  operationNamed(name: string): Pointer {
    const operation = this.#tf.TF_GraphOperationByName(this.pointer, name);
    if (!operation) throw new EngineError(`the graph has no operation ${name}`);
    return operation;
  }

  /** The graph as TensorFlow writes it: a serialised `GraphDef`. */
  serialise(): Uint8Array {
    const tf = this.#tf;
    const buffer = tf.TF_NewBuffer();
    try {
      withStatus('GraphDef', (status) => tf.TF_GraphToGraphDef(this.pointer, buffer, status));
      return readBuffer(buffer);
    } finally {
      tf.TF_DeleteBuffer(buffer);
    }
  }

  dispose(): void {
    this.#tf.TF_DeleteGraph(this.pointer);
  }

  #placeOf(output: Output): string {
    return `${this.nameOf(output)}:${output.index}`;
  }

  #addFunction(name: string, { graph, inputs, outputs }: FunctionBody): readonly (readonly number[])[] {
    const tf = this.#tf;
    const fn = withStatus(name, (status) =>
      tf.TF_GraphToFunction(
        graph.pointer,
        name,
        0,
        -1,
        0n,
        inputs.length,
        [...inputs],
        outputs.length,
        [...outputs],
        0n,
        0n,
        '',
        status,
      ),
    );
    try {
      withStatus(name, (status) => tf.TF_GraphCopyFunction(this.pointer, fn, 0n, status));
    } finally {
      tf.TF_DeleteFunction(fn);
    }
    return outputs.map((output) => graph.describe(output).shape);
  }

  #newConstant(tensor: Pointer, dtype: DataType | 'string'): Output {
    const tf = this.#tf;
    try {
      return withStatus('Const', (status) => {
        const description = tf.TF_NewOperation(this.pointer, 'Const', `Const_${this.#count++}`);
        tf.TF_SetAttrType(description, 'dtype', dataTypes[dtype]);
        tf.TF_SetAttrTensor(description, 'value', tensor, status);
        return { oper: tf.TF_FinishOperation(description, status), index: 0 };
      });
    } finally {
      tf.TF_DeleteTensor(tensor);
    }
  }
}

/** Attributes in words; of a pointer only that it is one. */
const words = (attributes: readonly Attribute[]): string =>
  JSON.stringify(attributes, (_, value) => (typeof value === 'bigint' ? `${value}n` : value));
