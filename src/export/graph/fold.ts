/** What follows from constants alone is computed once, by TensorFlow itself, before anything is written. */
import type { FrozenFunction } from '../../tensorflow/frozen.js';
import { sizeOf } from '../../tensorflow/hostTensor.js';
import { constantNode, type GraphNode, type NodeGraph } from './nodeGraph.js';

/**
 * Numbers in a result from which on it is not stored if it has grown from few: a position bias for a large picture is
 * computed when the model is loaded, as a file of half a gigabyte would not be loaded faster.
 */
const largeResult = 2 ** 22;
const muchLarger = 4;

/** Replaces operations on constants by their results: batch normalisation goes into weights, position biases are fitted. */
export async function foldConstants(graph: NodeGraph, frozen: FrozenFunction): Promise<void> {
  const constant = new Set<string>();
  const left = new Set<string>();
  const order = graph.inOrder();
  const grows = (node: GraphNode) => {
    const size = sizeOf(node.shape);
    const from = node.inputs.reduce((sum, { node: name }) => sum + sizeOf(graph.node(name).shape), 0);
    return size > largeResult && size > muchLarger * from;
  };
  for (const node of order) {
    const fromConstants = node.inputs.every(({ node: name }) => constant.has(name));
    if (node.op === 'Const') constant.add(node.name);
    else if (node.inputs.length > 0 && fromConstants && !grows(node)) constant.add(node.name);
    else left.add(node.name);
  }
  const needed = new Set(
    order.filter(({ name }) => left.has(name)).flatMap(({ inputs }) => inputs.map(({ node }) => node)),
  );
  const computed = [...needed].filter((name) => constant.has(name) && graph.node(name).op !== 'Const');
  if (computed.length === 0) return;
  const values = await frozen.evaluate(computed.map((node) => ({ node, index: 0 })));
  for (const [i, name] of computed.entries()) graph.replace(constantNode(name, values[i]!));
}
