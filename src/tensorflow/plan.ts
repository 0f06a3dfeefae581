/** What a run of a traced function executes: its operations with types and shapes, read from the graph. */
import { type Output, type Pointer, type TensorflowApi, tensorflow } from './api.js';
import type { Graph } from './graph.js';
import { decodeGraphDef, type NodeMessage, operationOf, parseInput, shapeOf, toNumber } from './graphDef.js';

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

/** Reads from a graph what a run with these feeds, fetches and targets needs. */
export function readPlan(
  graph: Graph,
  feeds: readonly Output[],
  fetches: readonly Output[],
  targets: readonly Pointer[],
): Plan {
  const tf = tensorflow();
  const nodes = new Map(decodeGraphDef(graph.serialise()).node.map((node) => [node.name, node]));
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

/** Names of all that `wanted` depend on; what is fed depends on nothing. */
function reach(
  nodes: ReadonlyMap<string, NodeMessage>,
  wanted: readonly string[],
  fed: ReadonlySet<string>,
): Set<string> {
  const found = new Set<string>();
  const open = [...wanted];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    if (!fed.has(name)) open.push(...nodes.get(name)!.input.map(operationOf));
  }
  return found;
}

function toOperation(
  tf: TensorflowApi,
  graph: Graph,
  { name, op, input, attr }: NodeMessage,
  places: ReadonlyMap<string, number>,
  isFed: boolean,
): PlannedOperation {
  const pointer = tf.TF_GraphOperationByName(graph.pointer, name);
  const needed = isFed ? [] : input;
  const attributes = Object.entries(attr);
  return {
    name,
    type: op,
    inputs: needed
      .map(parseInput)
      .filter((source) => source !== undefined)
      .map(({ node, index }) => ({ from: places.get(node)!, index })),
    after: needed
      .filter((source) => parseInput(source) === undefined)
      .map((source) => places.get(operationOf(source))!),
    outputs: Array.from({ length: tf.TF_OperationNumOutputs(pointer) }, (_, index) =>
      graph.inferred({ oper: pointer, index }),
    ),
    types: Object.fromEntries(
      attributes
        .map(([key, { value, type, list }]) => [key, value === 'type' ? [type!] : (list?.type ?? [])] as const)
        .filter(([, types]) => types.length > 0),
    ),
    counts: Object.fromEntries(
      attributes.flatMap(([key, { value, i }]) => (value === 'i' ? [[key, toNumber(i!)]] : [])),
    ),
    ...(attr.shape?.value === 'shape' ? { shape: shapeOf(attr.shape.shape) } : {}),
  };
}
