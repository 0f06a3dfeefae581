/** A frozen graph to be looked at and simplified: operations by name, with what TensorFlow knows of their shapes. */
import type { FrozenFunction, NamedOutput } from '../../tensorflow/frozen.js';
import { type AttributeMessage, decodeGraphDef, parseInput, tensorOf, toNumber } from '../../tensorflow/graphDef.js';
import type { HostTensor } from '../../tensorflow/hostTensor.js';

/** One operation. Those of TensorFlow have its names; chains that were recognised have names of ours (`chains.ts`). */
export interface GraphNode {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly NamedOutput[];
  readonly attributes: Readonly<Record<string, AttributeMessage>>;
  /** Of its first output. */
  readonly shape: readonly number[];
  /** Of a `Const`. */
  readonly value?: HostTensor;
  /** Numbers of operations of ours. */
  readonly epsilon?: number;
  readonly groups?: number;
}

export class NodeGraph {
  readonly #nodes: Map<string, GraphNode>;

  constructor(
    nodes: Iterable<GraphNode>,
    /** Placeholders, by input. */
    readonly inputs: ReadonlyMap<string, string>,
    readonly outputs: ReadonlyMap<string, NamedOutput>,
  ) {
    this.#nodes = new Map([...nodes].map((node) => [node.name, node]));
  }

  static of(frozen: FrozenFunction): NodeGraph {
    const messages = decodeGraphDef(frozen.serialise()).node;
    const nodes = messages.map(({ name, op, input, attr }): GraphNode => {
      const inputs = input.map(parseInput).filter((edge) => edge !== undefined);
      const shape = frozen.shapeOf({ node: name, index: 0 });
      const tensor = op === 'Const' ? attr.value?.tensor : undefined;
      const value = tensor ? tensorOf(tensor) : undefined;
      return { name, op, inputs, attributes: attr, shape, ...(value ? { value } : {}) };
    });
    return new NodeGraph(nodes, frozen.inputs, frozen.outputs);
  }

  node(name: string): GraphNode {
    return this.#nodes.get(name)!;
  }

  /** The operation behind input `i` of a node. */
  input(node: GraphNode, i: number): GraphNode {
    return this.node(node.inputs[i]!.node);
  }

  /** The value of input `i`, where it is a constant. */
  constant(node: GraphNode, i: number): HostTensor | undefined {
    return node.inputs[i] === undefined ? undefined : this.input(node, i).value;
  }

  replace(node: GraphNode): void {
    this.#nodes.set(node.name, node);
  }

  /** What the outputs depend on, inputs before those that use them. */
  inOrder(): GraphNode[] {
    const ordered = new Set<GraphNode>();
    const pending = [...this.outputs.values()].map(({ node }) => this.node(node)).reverse();
    while (pending.length > 0) {
      const node = pending.at(-1)!;
      const missing = node.inputs.map(({ node: name }) => this.node(name)).filter((input) => !ordered.has(input));
      if (missing.length === 0) {
        ordered.add(node);
        pending.pop();
      } else pending.push(...missing.reverse());
    }
    return [...ordered];
  }

  /** How many inputs of needed nodes, and outputs of the graph, each node is. */
  uses(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    const count = ({ node }: NamedOutput) => counts.set(node, (counts.get(node) ?? 0) + 1);
    for (const { inputs } of this.inOrder()) inputs.forEach(count);
    [...this.outputs.values()].forEach(count);
    return counts;
  }
}

/** A constant with a name of its own. */
export const constantNode = (name: string, value: HostTensor): GraphNode => ({
  name,
  op: 'Const',
  inputs: [],
  attributes: {},
  shape: value.shape,
  value,
});

export const intAttribute = ({ attributes }: GraphNode, name: string): number => toNumber(attributes[name]?.i ?? 0);
export const intsAttribute = ({ attributes }: GraphNode, name: string): number[] =>
  (attributes[name]?.list?.i ?? []).map(toNumber);
export const boolAttribute = ({ attributes }: GraphNode, name: string): boolean => attributes[name]?.b ?? false;
export const floatAttribute = ({ attributes }: GraphNode, name: string): number => attributes[name]?.f ?? 0;
export const textAttribute = ({ attributes }: GraphNode, name: string): string =>
  Buffer.from(attributes[name]?.s ?? []).toString();
