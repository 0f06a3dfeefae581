/**
 * How much memory a run of a traced function takes: each value lives from the operation that makes it to the last that reads
 * it, and the sum has a peak, usually where the backward pass begins.
 *
 * The order is that of TensorFlow's executor with one thread: what has become ready first runs first. Values that only look at another
 * one's memory, and results that take the place of an input nobody else reads, need none of their own.
 */
import { sizeOf } from './hostTensor.js';
import { byteSize } from './placement.js';
import type { Plan, PlannedOperation } from './plan.js';

export interface MemoryNeed {
  /** Of the variables: weights, statistics, what the optimizer keeps. */
  readonly variableBytes: number;
  /** Largest sum of values that are there at one time. */
  readonly peakBytes: number;
}

/** Operations whose result is their first input, seen otherwise. */
const views: readonly string[] = ['Reshape', 'Identity', 'ExpandDims', 'Squeeze', 'Switch', 'StopGradient'];

/** Operations that TensorFlow lets write into an input of the result's size. */
const inPlace = new Set(
  'Add AddV2 Sub Mul RealDiv Maximum Minimum Square Sqrt Rsqrt Exp Erf Neg Abs Sign Floor Sigmoid Tanh Relu ReluGrad Log Cos Softplus Softmax BiasAdd AddN Pow'.split(
    ' ',
  ),
);

const floatBytes = 4;

/** Values of unknown shape, the workspaces of TensorFlow's kernels, count nothing. */
export function memoryNeed(plan: Plan): MemoryNeed {
  const { operations } = plan;
  const variableBytes = operations
    .filter(({ type }) => type === 'VarHandleOp')
    .reduce((sum, { shape = [] }) => sum + floatBytes * sizeOf(shape), 0);
  const live = new LiveValues(plan);
  for (const place of executionOrder(operations)) live.run(place);
  return { variableBytes, peakBytes: live.peak };
}

/** Memory that values share. */
interface Block {
  readonly bytes: number;
  /** Reads of any value in it that are still to come. */
  readers: number;
}

class LiveValues {
  readonly #operations: readonly PlannedOperation[];
  readonly #readers: number[][];
  readonly #blocks: (Block | undefined)[][];
  #now = 0;
  peak = 0;

  constructor({ operations, fetches }: Plan) {
    this.#operations = operations;
    this.#readers = operations.map(({ outputs }) => outputs.map(() => 0));
    this.#blocks = operations.map(() => []);
    for (const { from, index } of [...operations.flatMap(({ inputs }) => inputs), ...fetches])
      this.#readers[from]![index] = (this.#readers[from]![index] ?? 0) + 1;
  }

  run(place: number): void {
    const { type, inputs, outputs } = this.#operations[place]!;
    const read = inputs.map(({ from, index }) => this.#blocks[from]![index]);
    for (const [index, output] of outputs.entries()) {
      const readers = this.#readers[place]![index]!;
      const bytes = byteSize(output) || 0;
      // What a variable holds is read where it is, and counted with the variables.
      if (bytes === 0 || type === 'ReadVariableOp') continue;
      const shared = views.includes(type)
        ? read[0]
        : inPlace.has(type)
          ? read.find((block) => block?.readers === 1 && block.bytes === bytes)
          : undefined;
      if (shared !== undefined) shared.readers += readers;
      else if (!views.includes(type)) this.#now += bytes;
      const block = shared ?? (views.includes(type) ? undefined : { bytes, readers });
      this.#blocks[place]![index] = block;
    }
    this.peak = Math.max(this.peak, this.#now);
    for (const block of read) if (block !== undefined) this.#release(block);
    for (const [index, readers] of this.#readers[place]!.entries()) {
      const block = this.#blocks[place]![index];
      if (readers === 0 && block !== undefined && block.readers === 0) this.#now -= block.bytes;
    }
  }

  #release(block: Block): void {
    block.readers--;
    if (block.readers === 0) this.#now -= block.bytes;
  }
}

/** Places in the order in which their operations become ready. */
function executionOrder(operations: readonly PlannedOperation[]): number[] {
  const waiting = operations.map(({ inputs, after }) => inputs.length + after.length);
  const readers: number[][] = operations.map(() => []);
  for (const [place, { inputs, after }] of operations.entries())
    for (const from of [...inputs.map((input) => input.from), ...after]) readers[from]!.push(place);
  const order = [...operations.keys()].filter((place) => waiting[place] === 0);
  for (let next = 0; next < order.length; next++) {
    for (const place of readers[order[next]!]!) if (--waiting[place]! === 0) order.push(place);
  }
  return order;
}
