/** An ONNX graph under construction. */
import { permuteAxes } from '../../formats/namedArray.js';
import type { HostTensor } from '../../tensorflow/hostTensor.js';
import type { ElementType } from './schema.js';

/** Whole numbers are written as `ints` or `int`, all others as floats. */
export type OnnxAttribute =
  | string
  | { readonly int: number }
  | { readonly ints: readonly number[] }
  | { readonly float: number };

export interface OnnxNode {
  readonly op: string;
  /** Empty for an optional input that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
}

/** An input or output of the graph. A side that is not fixed has a name in place of a number. */
export interface OnnxValueInfo {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly (number | string)[];
}

/** Versions of the standard operators that can be written. */
export const opsets = [17, 18, 19, 20] as const;
export type Opset = (typeof opsets)[number];

/** Constants up to so many numbers are stored once and shared. */
const sharedSize = 64;

export class OnnxGraph {
  readonly nodes: OnnxNode[] = [];
  readonly constants = new Map<string, HostTensor>();
  readonly inputs: OnnxValueInfo[] = [];
  readonly outputs: OnnxValueInfo[] = [];
  readonly #shared = new Map<string, string>();

  constructor(readonly opset: Opset) {}

  /** Adds an operation, and returns the names of its outputs. */
  addMany(
    op: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute>>,
    outputs: number,
  ): string[] {
    const names = Array.from({ length: outputs }, (_, i) => `${op}_${this.nodes.length}${i === 0 ? '' : `_${i}`}`);
    this.nodes.push({ op, inputs, outputs: names, attributes });
    return names;
  }

  /** Adds an operation with one output, and returns its name. */
  add(op: string, inputs: readonly string[], attributes: Readonly<Record<string, OnnxAttribute>> = {}): string {
    return this.addMany(op, inputs, attributes, 1)[0]!;
  }

  /** A constant; small equal ones are stored once. */
  constant(value: HostTensor): string {
    const { data, shape } = value;
    const key = data.length > sharedSize ? undefined : `${data.constructor.name}[${shape.join()}]${data.join()}`;
    const known = key === undefined ? undefined : this.#shared.get(key);
    if (known !== undefined) return known;
    const name = `constant_${this.constants.size}`;
    this.constants.set(name, value);
    if (key !== undefined) this.#shared.set(key, name);
    return name;
  }

  floats(values: readonly number[], shape: readonly number[] = [values.length]): string {
    return this.constant({ data: Float32Array.from(values), shape });
  }

  /** 64-bit whole numbers, which shapes, axes and indices are in ONNX. */
  ints(values: readonly number[], shape: readonly number[] = [values.length]): string {
    return this.constant({ data: BigInt64Array.from(values, BigInt), shape });
  }

  /** Gives a result the name of an output of the graph. */
  output(from: string, info: OnnxValueInfo): void {
    this.nodes.push({ op: 'Identity', inputs: [from], outputs: [info.name], attributes: {} });
    this.outputs.push(info);
  }

  /** Leaves out what no output depends on, and copies that an output can do without. */
  prune(): void {
    const producers = new Map(this.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
    const needed = new Set<OnnxNode>();
    const pending = this.outputs.map(({ name }) => name);
    const used = new Set<string>();
    while (pending.length > 0) {
      const name = pending.pop()!;
      used.add(name);
      const node = producers.get(name);
      if (node === undefined || needed.has(node)) continue;
      needed.add(node);
      pending.push(...node.inputs);
    }
    const kept = this.nodes.filter((node) => needed.has(node));
    this.nodes.splice(0, this.nodes.length, ...withoutCopies(kept));
    for (const name of this.constants.keys()) if (!used.has(name)) this.constants.delete(name);
  }
}

/** Operations that name their result as the output that alone reads it. */
function withoutCopies(nodes: readonly OnnxNode[]): OnnxNode[] {
  const uses = new Map<string, number>();
  for (const { inputs } of nodes) for (const name of inputs) uses.set(name, (uses.get(name) ?? 0) + 1);
  const made = new Set(nodes.flatMap(({ outputs }) => outputs));
  const copies = nodes.filter(
    ({ op, inputs }) => op === 'Identity' && uses.get(inputs[0]!) === 1 && made.has(inputs[0]!),
  );
  const renamed = new Map(copies.map(({ inputs, outputs }) => [inputs[0]!, outputs[0]!]));
  return nodes
    .filter((node) => !copies.includes(node))
    .map((node) => ({ ...node, outputs: node.outputs.map((name) => renamed.get(name) ?? name) }));
}

/** Axes in another order, on the host. */
export function transposed({ data, shape }: HostTensor, order: readonly number[]): HostTensor {
  return { data: permuteAxes(data, shape, order), shape: order.map((axis) => shape[axis]!) };
}
