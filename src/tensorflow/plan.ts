/** What a run of a traced function executes: its operations with types and shapes, read from the graph. */
import protobuf from 'protobufjs';
import { type Output, type Pointer, readBuffer, type TensorflowApi, tensorflow, withStatus } from './api.js';
import type { Graph } from './graph.js';

/** A value between operations. */
export interface PlannedOutput {
  /** TensorFlow's number of the type (`dataTypes`). */
  readonly dtype: number;
  /** undefined: not known before a run. */
  readonly shape: readonly number[] | undefined;
}

export interface PlannedInput {
  /** Place in `Plan.operations`. */
  readonly from: number;
  /** Which of its outputs. */
  readonly index: number;
}

export interface PlannedOperation {
  readonly name: string;
  readonly type: string;
  /** In the order of the operation's arguments; lists are spread out. */
  readonly inputs: readonly PlannedInput[];
  /** Places of operations that run before this one, though it reads nothing of them. */
  readonly after: readonly number[];
  readonly outputs: readonly PlannedOutput[];
  /** Attributes that are types: `T` → [1]. */
  readonly types: Readonly<Record<string, readonly number[]>>;
  /** Attributes that are whole numbers; `N` says how long a list of inputs is. */
  readonly counts: Readonly<Record<string, number>>;
  /** Of a variable's value, or of an input. */
  readonly shape?: readonly number[];
}

/** One run of a traced function. */
export interface Plan {
  /** Each one after what it reads. */
  readonly operations: readonly PlannedOperation[];
  /** Places of those that the caller gives a value. */
  readonly feeds: readonly number[];
  /** What the caller gets back. */
  readonly fetches: readonly PlannedInput[];
}

// Field names and numbers: graph.proto, node_def.proto and attr_value.proto of tensorflow/core, TensorFlow 2.21.
const { root } = protobuf.parse(`
  syntax = "proto3";
  message ListValue { repeated int32 type = 6; }
  message Dim { int64 size = 1; }
  message TensorShapeProto { repeated Dim dim = 2; }
  message AttrValue { oneof value { ListValue list = 1; int64 i = 3; int32 type = 6; TensorShapeProto shape = 7; } }
  message NodeDef { string name = 1; string op = 2; repeated string input = 3; map<string, AttrValue> attr = 5; }
  message GraphDef { repeated NodeDef node = 1; }
`);
const graphDef = root.lookupType('GraphDef');

interface NodeDef {
  readonly name: string;
  readonly op: string;
  /** `name`, `name:2`; `^name` where nothing but the order counts. */
  readonly input: readonly string[];
  readonly attr: Readonly<
    Record<
      string,
      {
        readonly list?: { readonly type: readonly number[] };
        readonly i?: number;
        readonly type?: number;
        readonly shape?: { readonly dim: readonly { readonly size: number }[] };
      }
    >
  >;
}

/** Reads from a graph what a run with these feeds, fetches and targets needs. */
export function readPlan(
  graph: Graph,
  feeds: readonly Output[],
  fetches: readonly Output[],
  targets: readonly Pointer[],
): Plan {
  const tf = tensorflow();
  const nodes = new Map(readNodes(tf, graph).map((node) => [node.name, node]));
  const nameOf = (operation: Pointer) => tf.TF_OperationName(operation);
  const fed = new Set(feeds.map(({ oper }) => nameOf(oper)));
  const needed = reach(nodes, [...fetches.map(({ oper }) => nameOf(oper)), ...targets.map(nameOf)], fed);
  const chosen = [...nodes.values()].filter(({ name }) => needed.has(name)); // in the order in which they were recorded
  const places = new Map(chosen.map(({ name }, place) => [name, place]));
  return {
    operations: chosen.map((node) => toOperation(tf, graph, node, places, fed.has(node.name))),
    feeds: [...fed].map((name) => places.get(name)).filter((place) => place !== undefined),
    fetches: fetches.map(({ oper, index }) => ({ from: places.get(nameOf(oper))!, index })),
  };
}

function readNodes(tf: TensorflowApi, graph: Graph): NodeDef[] {
  const buffer = tf.TF_NewBuffer();
  try {
    withStatus('graph', (status) => tf.TF_GraphToGraphDef(graph.pointer, buffer, status));
    const message = graphDef.decode(readBuffer(buffer));
    return (
      graphDef.toObject(message, { longs: Number, arrays: true, objects: true, defaults: false }) as { node: NodeDef[] }
    ).node;
  } finally {
    tf.TF_DeleteBuffer(buffer);
  }
}

/** Names of all that `wanted` depend on; what is fed depends on nothing. */
function reach(nodes: ReadonlyMap<string, NodeDef>, wanted: readonly string[], fed: ReadonlySet<string>): Set<string> {
  const found = new Set<string>();
  const open = [...wanted];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    if (!fed.has(name)) open.push(...nodes.get(name)!.input.map((input) => parseInput(input).name));
  }
  return found;
}

function toOperation(
  tf: TensorflowApi,
  graph: Graph,
  { name, op, input, attr }: NodeDef,
  places: ReadonlyMap<string, number>,
  isFed: boolean,
): PlannedOperation {
  const pointer = tf.TF_GraphOperationByName(graph.pointer, name);
  const inputs = isFed ? [] : input.map(parseInput);
  const attributes = Object.entries(attr);
  return {
    name,
    type: op,
    inputs: inputs
      .filter(({ index }) => index !== null)
      .map(({ name: source, index }) => ({ from: places.get(source)!, index: index! })),
    after: inputs.filter(({ index }) => index === null).map(({ name: source }) => places.get(source)!),
    outputs: Array.from({ length: tf.TF_OperationNumOutputs(pointer) }, (_, index) =>
      graph.inferred({ oper: pointer, index }),
    ),
    types: Object.fromEntries(
      attributes
        .map(([key, { type, list }]) => [key, type !== undefined ? [type] : (list?.type ?? [])] as const)
        .filter(([, types]) => types.length > 0),
    ),
    counts: Object.fromEntries(attributes.flatMap(([key, { i }]) => (i === undefined ? [] : [[key, i]]))),
    ...(attr.shape?.shape === undefined ? {} : { shape: attr.shape.shape.dim.map(({ size }) => size) }),
  };
}

/** `index` is null for a mere order. */
function parseInput(text: string): { name: string; index: number | null } {
  if (text.startsWith('^')) return { name: text.slice(1), index: null };
  const [name, index = '0'] = text.split(':');
  return { name: name!, index: Number(index) };
}
