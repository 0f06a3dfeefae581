/**
 * In which order the numbers of a map lie. TensorFlow's maps are [B, H, W, C], ONNX's convolutions take [B, C, H, W]; each
 * result is there in the order in which it was made, in the other one once something asks for it, and never twice.
 */
import { sizeOf } from '../../tensorflow/hostTensor.js';
import type { GraphNode, NodeGraph } from '../graph/nodeGraph.js';

/** `rows`: as in TensorFlow, channels last. `maps`: a map for each channel, [B, C, H, W]. */
export type Layout = 'rows' | 'maps';

/** The result of an operation in the ONNX graph. */
export interface Value {
  /** As in TensorFlow. */
  readonly shape: readonly number[];
  /** Its name in each order in which it is there. */
  readonly names: Partial<Record<Layout, string>>;
  /** Of the rows of a map, [B · H · W, C]: the map itself, [B, H, W, C]. */
  readonly map?: Value;
}

const onMaps = new Set([
  'Conv2D',
  'DepthwiseConv2dNative',
  'ResizeNearestNeighbor',
  'MaxPool',
  'GroupNorm',
  'FusedBatchNormV3',
]);
const indifferent = new Set([
  'BiasAdd',
  'Add',
  'AddV2',
  'Sub',
  'Mul',
  'Relu',
  'Sigmoid',
  'Gelu',
  'ChannelAffine',
  'MatMul',
  'Mean',
  'Cast',
  'Pad',
  'PadV2',
]);

/** Whether a reshape is between a map and its rows. */
export function isMapAndRows(from: readonly number[], to: readonly number[]): boolean {
  const ranks = [from.length, to.length].sort().join();
  return ranks === '2,4' && from.at(-1) === to.at(-1);
}

/** For each operation, the order that all who read it want, directly or through operations that do not mind; undefined where they differ. */
export function wantedLayouts(graph: NodeGraph): ReadonlyMap<string, Layout | undefined> {
  const wanted = new Map<string, Layout | undefined>();
  const votes = new Map<string, Set<Layout | undefined>>();
  const vote = (name: string, layout: Layout | undefined) => {
    const all = votes.get(name) ?? new Set();
    votes.set(name, all.add(layout));
  };
  for (const { node } of graph.outputs.values()) vote(node, 'rows');
  for (const node of graph.inOrder().reverse()) {
    const all = [...(votes.get(node.name) ?? [])];
    wanted.set(node.name, all.length === 1 ? all[0] : undefined);
    for (const { node: input } of node.inputs) vote(input, wantedOf(graph, node, input, wanted));
  }
  return wanted;
}

function wantedOf(
  graph: NodeGraph,
  node: GraphNode,
  input: string,
  wanted: ReadonlyMap<string, Layout | undefined>,
): Layout | undefined {
  if (onMaps.has(node.op)) return 'maps';
  if (indifferent.has(node.op)) return wanted.get(node.name);
  if (node.op === 'Reshape' && isMapAndRows(graph.node(input).shape, node.shape)) return wanted.get(node.name);
  return 'rows';
}

/** The order in which an operation on these maps needs the fewest transposes; of equals, the one that is wanted. */
export function cheapestLayout(inputs: readonly Value[], wanted: Layout | undefined): Layout {
  const cost = (layout: Layout) =>
    inputs.reduce((sum, { names, shape }) => sum + (names[layout] === undefined ? sizeOf(shape) : 0), 0);
  const [rows, maps] = [cost('rows'), cost('maps')];
  if (rows === maps) return wanted ?? 'maps';
  return rows < maps ? 'rows' : 'maps';
}
