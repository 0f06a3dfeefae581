/**
 * Where TensorFlow would run a traced function on a machine with a GPU, and what it would copy between the card and the host.
 *
 * Source: TensorFlow's `placer.cc`, `colocation_graph.cc` and `memory_types.cc`, as far as this engine's graphs need them:
 * an operation goes to the GPU where there is a kernel for its types, together with all that touch the same variable; kernels name
 * the arguments that they want in the host's memory; where producer and consumer differ in that, a value is copied once.
 * Constants are folded as `constant_folding.cc` does; other rewriting, which comes later, is left out.
 */
import { gpuKernelLines } from './gpuKernels.js';
import { dataTypes, sizeOf } from './hostTensor.js';
import { fits, type Kernel, parseKernel } from './kernels.js';
import { argumentNames } from './opDefinitions.js';
import type { Plan, PlannedOperation, PlannedOutput } from './plan.js';

/**
 * `GPU`: computes on the card. `host`: sits on the card's queue, but its kernel computes in the host's memory, as TensorFlow
 * does with 32-bit integers. `CPU`: has no kernel for the card.
 */
export type Place = 'GPU' | 'host' | 'CPU';

export interface PlacedOperation {
  readonly operation: PlannedOperation;
  readonly place: Place;
  /** Whether it is computed on the host from what the card has computed. */
  readonly waits: boolean;
  /** Whether XLA can compile it for a GPU. */
  readonly xla: boolean;
}

/** A value that has to cross between the card and the host in each run. */
export interface Copy {
  readonly to: 'card' | 'host';
  /** Kinds of the operations that make it and that want it there. `input`, `result`: the caller. */
  readonly producer: string;
  readonly consumers: readonly string[];
  readonly dtype: number;
  /** NaN where the shape is not known before a run. */
  readonly bytes: number;
}

export interface Placement {
  /** In the order of the plan; without what is fed and what is constant. */
  readonly operations: readonly PlacedOperation[];
  readonly copies: readonly Copy[];
}

/** Types whose values are never on the card. */
const hostTypes: readonly number[] = [dataTypes.resource, dataTypes.string];

const bytesOf: Readonly<Record<number, number>> = {
  [dataTypes.float32]: 4,
  [dataTypes.float64]: 8,
  [dataTypes.int32]: 4,
  [dataTypes.int64]: 8,
  [dataTypes.uint8]: 1,
  [dataTypes.bool]: 1,
};

/** Bytes of a value. NaN where its shape is not known before a run; 0 for handles. */
export function byteSize({ dtype, shape }: PlannedOutput): number {
  return shape === undefined ? Number.NaN : sizeOf(shape) * (bytesOf[dtype] ?? 0);
}

/** The kernels of an operation in TensorFlow's CUDA build. */
export function cudaKernels(op: string): Kernel[] {
  return (gpuKernelLines[op] ?? []).map((line) => parseKernel(op, line));
}

/** @param kernelsOf gives those of an operation, of the device types `GPU`, `DEFAULT` and `XLA_GPU_JIT` */
export function placeOnGpu(plan: Plan, kernelsOf: (op: string) => readonly Kernel[] = cudaKernels): Placement {
  const kernels = new Map([...new Set(plan.operations.map(({ type }) => type))].map((op) => [op, kernelsOf(op)]));
  const find = ({ type, types }: PlannedOperation, device: string) =>
    kernels.get(type)!.find((kernel) => kernel.device === device && fits(kernel, types));
  const chosen = plan.operations.map((operation) => find(operation, 'GPU') ?? find(operation, 'DEFAULT'));
  keepTogether(plan, chosen);
  const memory = plan.operations.map((operation, place) => memoryOf(operation, chosen[place]));
  for (const place of plan.feeds) memory[place] = { inputs: [], outputs: ['host'] }; // the caller's values are the host's
  const folded = foldedConstants(plan);
  for (const place of folded) memory[place] = constantMemory(plan.operations[place]!);
  const isLeft = (_: unknown, place: number) => !folded.has(place) && !plan.feeds.includes(place);
  const waiting = new Set<number>();
  const operations = plan.operations.map((operation, place): PlacedOperation => {
    const where = chosen[place] === undefined ? 'CPU' : computesOnHost(operation, memory[place]!) ? 'host' : 'GPU';
    const ofCard = operation.inputs.some(({ from, index }) =>
      memory[from]!.outputs[index] === 'card' ? !folded.has(from) : waiting.has(from),
    );
    const waits = where !== 'GPU' && ofCard;
    if (waits) waiting.add(place);
    return { operation, place: where, waits, xla: find(operation, 'XLA_GPU_JIT') !== undefined };
  });
  return { operations: operations.filter(isLeft), copies: copiesOf(plan, memory) };
}

/** Largest constant that TensorFlow makes of an operation on constants. */
const foldedBytes = 100 * 1024;

/** Places of constants, and of operations that TensorFlow computes once before the first run. */
function foldedConstants({ operations }: Plan): Set<number> {
  const folded = new Set<number>();
  for (const [place, { type, inputs, after, outputs }] of operations.entries()) {
    const isSmall = outputs.every((output) => !hostTypes.includes(output.dtype) && byteSize(output) <= foldedBytes);
    const ofConstants = inputs.length > 0 && after.length === 0 && inputs.every(({ from }) => folded.has(from));
    if (type === 'Const' || (ofConstants && isSmall && !/^Stateless|Random/.test(type))) folded.add(place);
  }
  return folded;
}

/** 32-bit integers are the host's; the rest goes to the card once. */
function constantMemory({ outputs }: PlannedOperation): Memory {
  return { inputs: [], outputs: outputs.map(({ dtype }) => (dtype === dataTypes.int32 ? 'host' : 'card')) };
}

/** Takes the kernels of the card away from those that share a variable with an operation that has none. */
function keepTogether({ operations }: Plan, chosen: (Kernel | undefined)[]): void {
  const ownerOf = operations.map((_, place) => place);
  const owner = (place: number): number => (ownerOf[place] === place ? place : owner(ownerOf[place]!));
  for (const [place, { inputs }] of operations.entries()) {
    for (const { from, index } of inputs) {
      if (operations[from]!.outputs[index]?.dtype === dataTypes.resource) ownerOf[owner(place)] = owner(from);
    }
  }
  const onCpu = new Set(operations.flatMap((_, place) => (chosen[place] === undefined ? [owner(place)] : [])));
  for (const place of operations.keys()) if (onCpu.has(owner(place))) chosen[place] = undefined;
}

type Side = 'card' | 'host';
interface Memory {
  readonly inputs: readonly Side[];
  readonly outputs: readonly Side[];
}

function memoryOf(operation: PlannedOperation, kernel: Kernel | undefined): Memory {
  const names = argumentNames(operation);
  const side = (name: string | undefined, dtype: number | undefined): Side => {
    if (kernel === undefined || hostTypes.includes(dtype ?? 0)) return 'host';
    return name !== undefined && kernel.hostArguments.includes(name) ? 'host' : 'card';
  };
  return {
    inputs: operation.inputs.map((_, i) => side(names.inputs[i], undefined)),
    outputs: operation.outputs.map(({ dtype }, i) => side(names.outputs[i], dtype)),
  };
}

/** Handles and updates of variables count as work of the card. */
function computesOnHost({ outputs }: PlannedOperation, memory: Memory): boolean {
  const values = outputs.flatMap(({ dtype }, i) => (hostTypes.includes(dtype) ? [] : [memory.outputs[i]!]));
  return values.length > 0 && values.every((side) => side === 'host');
}

function copiesOf({ operations, feeds, fetches }: Plan, memory: readonly Memory[]): Copy[] {
  const wanted = new Map<string, { from: number; index: number; consumers: string[] }>();
  const want = (from: number, index: number, side: Side, consumer: string) => {
    if (hostTypes.includes(operations[from]!.outputs[index]!.dtype) || memory[from]!.outputs[index] === side) return;
    const key = `${from}:${index}`;
    const entry = wanted.get(key) ?? { from, index, consumers: [] };
    entry.consumers.push(consumer);
    wanted.set(key, entry);
  };
  for (const [place, { type, inputs }] of operations.entries())
    for (const [i, { from, index }] of inputs.slice(0, memory[place]!.inputs.length).entries())
      want(from, index, memory[place]!.inputs[i]!, type);
  for (const { from, index } of fetches) want(from, index, 'host', 'result');
  const isFed = new Set(feeds);
  return [...wanted.values()].map(({ from, index, consumers }) => {
    const { type, outputs } = operations[from]!;
    return {
      to: memory[from]!.outputs[index] === 'host' ? 'card' : 'host',
      producer: isFed.has(from) ? 'input' : type,
      consumers: [...new Set(consumers)],
      dtype: outputs[index]!.dtype,
      bytes: byteSize(outputs[index]!),
    };
  });
}
