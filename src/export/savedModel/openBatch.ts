/** A frozen graph with names for its inputs and outputs, and its batch left open. */
import type { FrozenFunction, NamedOutput } from '../../tensorflow/frozen.js';
import {
  type AttributeMessage,
  decodeGraphDef,
  type NodeMessage,
  operationOf,
  parseInput,
} from '../../tensorflow/graphDef.js';
import { dataTypes } from '../../tensorflow/hostTensor.js';

/** A tensor that a signature names. */
export interface SignatureTensor {
  readonly node: string;
  readonly dtype: number;
  readonly shape: readonly number[];
}

export interface NamedGraph {
  readonly nodes: readonly NodeMessage[];
  readonly versions: unknown;
  readonly inputs: Readonly<Record<string, SignatureTensor>>;
  readonly outputs: Readonly<Record<string, SignatureTensor>>;
}

const openSide = -1;

/**
 * Gives inputs and outputs operations of their names. Where the batch is `open`, the graph was recorded with one picture: the first
 * side of what depends on it is left to TensorFlow in each reshape.
 */
export function openBatch(frozen: FrozenFunction, open: boolean): NamedGraph {
  const { node: messages, versions } = decodeGraphDef(frozen.serialise());
  const renamed = new Map([...frozen.inputs].map(([name, placeholder]) => [placeholder, name]));
  const fed = dependents(messages, new Set(renamed.keys()));
  const constants = new Map(messages.filter(({ op }) => op === 'Const').map((node) => [node.name, node]));
  const firstOpen = ([first, ...others]: readonly number[]) => [open ? openSide : first!, ...others];
  const added: NodeMessage[] = [];
  const nodes = messages.map((node): NodeMessage => {
    const name = renamed.get(node.name);
    const input = node.input.map((edge) => renamed.get(edge) ?? edge);
    if (name !== undefined) return placeholder(node, name, firstOpen(frozen.shapeOf({ node: node.name, index: 0 })));
    if (!open || node.op !== 'Reshape' || !fed.has(parseInput(node.input[0]!)!.node)) return { ...node, input };
    const target = constants.get(node.input[1]!)!;
    const shape = firstOpen(frozen.shapeOf({ node: node.name, index: 0 }));
    const constant = shapeConstant(target, `${node.name}/shape`, shape);
    added.push(constant);
    return { ...node, input: [input[0]!, constant.name] };
  });
  const signature = (output: NamedOutput, node: string, dtype: number): SignatureTensor => ({
    node,
    dtype,
    shape: firstOpen(frozen.shapeOf(output)),
  });
  const outputs = [...frozen.outputs].map(([name, output]) => {
    added.push(identity(name, output));
    return [name, signature(output, name, dataTypes.float32)] as const;
  });
  const inputs = [...frozen.inputs].map(([name, node]) => {
    const dtype = messages.find((message) => message.name === node)!.attr.dtype!.type!;
    return [name, signature({ node, index: 0 }, name, dtype)] as const;
  });
  return {
    nodes: [...nodes, ...added],
    versions,
    inputs: Object.fromEntries(inputs),
    outputs: Object.fromEntries(outputs),
  };
}

/** Names of all that depends on some operations, these included; operations come after their inputs. */
function dependents(nodes: readonly NodeMessage[], roots: ReadonlySet<string>): Set<string> {
  const found = new Set(roots);
  for (const { name, input } of nodes) if (input.some((edge) => found.has(operationOf(edge)))) found.add(name);
  return found;
}

const shapeAttribute = (shape: readonly number[]): AttributeMessage => ({
  shape: { dim: shape.map((size) => ({ size })) },
});

const placeholder = (node: NodeMessage, name: string, shape: readonly number[]): NodeMessage => ({
  ...node,
  name,
  attr: { ...withoutInferred(node), shape: shapeAttribute(shape) },
});

/** Shapes that TensorFlow noted are those of one picture. */
const withoutInferred = ({ attr }: NodeMessage) =>
  Object.fromEntries(Object.entries(attr).filter(([key]) => key !== '_output_shapes'));

function shapeConstant(like: NodeMessage, name: string, shape: readonly number[]): NodeMessage {
  const { value } = like.attr;
  const tensor = { ...value!.tensor!, tensorContent: new Uint8Array(Int32Array.from(shape).buffer), intVal: [] };
  return { ...like, name, attr: { ...like.attr, value: { tensor } } };
}

const identity = (name: string, { node, index }: NamedOutput): NodeMessage => ({
  name,
  op: 'Identity',
  input: [`${node}:${index}`],
  attr: { T: { type: dataTypes.float32 } },
});
