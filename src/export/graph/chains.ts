/** Chains of operations that mean one thing, found again in the traced graph: GELU, normalisations, a factor and a summand a channel. */
import { sizeOf } from '../../tensorflow/hostTensor.js';
import { boolAttribute, constantNode, type GraphNode, type NodeGraph } from './nodeGraph.js';

/**
 * Replaces chains by single operations of ours, which keep the name of the chain's end:
 *
 * | operation | inputs | is |
 * | --- | --- | --- |
 * | `Gelu` | x | x Φ(x) |
 * | `LayerNorm` | x [M, C], weight, bias | `nn/ops/normalisation.ts` |
 * | `GroupNorm` | x [B, H, W, C], weight, bias | `nn/ops/normalisation.ts` |
 * | `ChannelAffine` | x [..., C], scale, shift | x · scale + shift |
 *
 * What was inside of a chain stays, and is left out later unless something else needs it.
 */
export function recogniseChains(graph: NodeGraph): void {
  skipCopies(graph);
  for (const matcher of [gelu, layerNorm, groupNorm, channelAffine])
    for (const node of graph.inOrder()) {
      const found = matcher(graph, node);
      if (found !== undefined) graph.replace(found);
    }
}

/** Past casts to the type that is there already: tfjs casts before it takes a mean. */
function skipCopies(graph: NodeGraph): void {
  const isCopy = ({ op, attributes: { SrcT, DstT } }: GraphNode) =>
    op === 'Identity' || (op === 'Cast' && SrcT?.type === DstT?.type);
  for (const node of graph.inOrder()) {
    const inputs = node.inputs.map((edge) => {
      const from = graph.node(edge.node);
      return isCopy(from) ? from.inputs[0]! : edge; // its own input has been seen to: it comes earlier in the order
    });
    graph.replace({ ...node, inputs });
  }
}

type Matcher = (graph: NodeGraph, node: GraphNode) => GraphNode | undefined;

/** How far a constant may be from what it stands for. */
const tolerance = 1e-6;

const near = (value: number | undefined, wanted: number) =>
  value !== undefined && Math.abs(value - wanted) <= tolerance * Math.abs(wanted);

/** The only number of a constant input; undefined where it is none, or has more numbers. */
function scalar(graph: NodeGraph, node: GraphNode, i: number): number | undefined {
  const value = graph.constant(node, i);
  return value?.data.length === 1 ? Number(value.data[0]) : undefined;
}

const is = (node: GraphNode | undefined, ...ops: string[]): node is GraphNode =>
  node !== undefined && ops.includes(node.op);

/** Input `i`, if it is one of these operations. */
function input(graph: NodeGraph, node: GraphNode | undefined, i: number, ...ops: string[]): GraphNode | undefined {
  if (node === undefined || node.inputs[i] === undefined) return undefined;
  const found = graph.input(node, i);
  return is(found, ...ops) ? found : undefined;
}

const additions = ['Add', 'AddV2'];

/** x · (½ (erf(x / √2) + 1)) */
const gelu: Matcher = (graph, node) => {
  if (!is(node, 'Mul')) return undefined;
  const half = input(graph, node, 1, 'Mul');
  const sum = input(graph, half, 0, ...additions);
  const erf = input(graph, sum, 0, 'Erf');
  const scaled = input(graph, erf, 0, 'Mul');
  if (!half || !sum || !scaled) return undefined;
  const numbers =
    near(scalar(graph, half, 1), 0.5) && near(scalar(graph, sum, 1), 1) && near(scalar(graph, scaled, 1), Math.SQRT1_2);
  const [x] = node.inputs;
  return numbers && scaled.inputs[0]!.node === x!.node ? { ...node, op: 'Gelu', inputs: [x!] } : undefined;
};

/** The epsilon of 1 / √(variance + epsilon), with the node of the variance. */
function inverseDeviation(graph: NodeGraph, node: GraphNode | undefined): [GraphNode, number] | undefined {
  const rsqrt = is(node, 'Rsqrt') ? node : undefined;
  const sum = input(graph, rsqrt, 0, ...additions);
  if (sum === undefined) return undefined;
  const epsilon = scalar(graph, sum, 1);
  return epsilon === undefined ? undefined : [graph.input(sum, 0), epsilon];
}

/** `x`, where a node is its mean by row as a product with a column of 1 / C. */
function rowMeanOf(graph: NodeGraph, node: GraphNode | undefined): GraphNode | undefined {
  if (!is(node, 'BatchMatMulV2', 'MatMul') || boolAttribute(node, 'adj_x')) return undefined;
  const column = graph.constant(node, 1);
  if (column === undefined || column.shape[1] !== 1) return undefined;
  return (column.data as Float32Array).every((value) => near(value, 1 / column.data.length))
    ? graph.input(node, 0)
    : undefined;
}

const layerNorm: Matcher = (graph, node) => {
  if (!is(node, ...additions)) return undefined;
  const weighted = input(graph, node, 0, 'Mul');
  const normal = input(graph, weighted, 0, 'Mul');
  const centred = input(graph, normal, 0, 'Sub');
  if (!weighted || !normal || !centred) return undefined;
  const x = graph.input(centred, 0);
  const deviation = inverseDeviation(graph, graph.input(normal, 1));
  if (deviation === undefined || rowMeanOf(graph, graph.input(centred, 1)) !== x) return undefined;
  const square = rowMeanOf(graph, deviation[0]);
  if (!is(square, 'Square') || graph.input(square, 0) !== centred) return undefined;
  const inputs = [centred.inputs[0]!, weighted.inputs[1]!, node.inputs[1]!];
  return { ...node, op: 'LayerNorm', inputs, epsilon: deviation[1] };
};

const groupNorm: Matcher = (graph, node) => {
  if (!is(node, 'BiasAdd')) return undefined;
  const weighted = input(graph, node, 0, 'Mul');
  const back = input(graph, weighted, 0, 'Reshape');
  const normal = input(graph, back, 0, 'Mul');
  const centred = input(graph, normal, 0, 'Sub');
  const parts = input(graph, centred, 0, 'Reshape');
  const mean = input(graph, centred, 1, 'Mean');
  if (!weighted || !back || !normal || !centred || !parts || !mean) return undefined;
  const deviation = inverseDeviation(graph, graph.input(normal, 1));
  const square = deviation && is(deviation[0], 'Mean') ? input(graph, deviation[0], 0, 'Square') : undefined;
  const axes = graph.constant(mean, 1)?.data.join();
  if (!deviation || !square || graph.input(square, 0) !== centred || graph.input(mean, 0) !== parts) return undefined;
  if (parts.shape.length !== 4 || axes !== '1,3' || node.shape.length !== 4) return undefined;
  const inputs = [parts.inputs[0]!, weighted.inputs[1]!, node.inputs[1]!];
  return { ...node, op: 'GroupNorm', inputs, epsilon: deviation[1], groups: parts.shape[2]! };
};

/** A constant of one number a channel, for a result of this shape. */
function perChannel(graph: NodeGraph, node: GraphNode, i: number): Float32Array | undefined {
  const value = graph.constant(node, i);
  const channels = node.shape.at(-1)!;
  return value !== undefined && value.shape.at(-1) === channels && sizeOf(value.shape) === channels
    ? (value.data as Float32Array)
    : undefined;
}

/** x · scale + shift, or (x - mean) · scale. */
const channelAffine: Matcher = (graph, node) => {
  const inner = input(graph, node, 0, ...(is(node, ...additions) ? ['Mul'] : is(node, 'Mul') ? ['Sub'] : []));
  if (inner === undefined || inner.shape.join() !== node.shape.join()) return undefined;
  const [first, second] = [perChannel(graph, inner, 1), perChannel(graph, node, 1)];
  if (first === undefined || second === undefined || graph.constant(inner, 0) !== undefined) return undefined;
  const [scale, shift] = node.op === 'Mul' ? [second, first.map((mean, i) => -mean * second[i]!)] : [first, second];
  return affineNode(graph, node, inner.inputs[0]!, scale, shift);
};

/** `node` as a `ChannelAffine` of `x`. */
function affineNode(
  graph: NodeGraph,
  node: GraphNode,
  x: GraphNode['inputs'][number],
  scale: Float32Array,
  shift: Float32Array,
): GraphNode {
  const inputs = [x];
  for (const [name, data] of Object.entries({ scale, shift })) {
    const constant = constantNode(`${node.name}/${name}`, { data, shape: [data.length] });
    graph.replace(constant);
    inputs.push({ node: constant.name, index: 0 });
  }
  return { ...node, op: 'ChannelAffine', inputs };
}
