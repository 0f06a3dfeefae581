/** From a simplified graph of TensorFlow to one of ONNX. */
import { ExportError } from '../../errors.js';
import type { NodeGraph } from '../graph/nodeGraph.js';
import type { Value } from './layout.js';
import type { OnnxGraph } from './onnxGraph.js';
import { arrangementOperators } from './operators/arrangement.js';
import { convolutions } from './operators/convolution.js';
import { elementwiseOperators } from './operators/elementwise.js';
import { normalisationOperators } from './operators/normalisation.js';
import { productOperators } from './operators/products.js';
import { type FreeSides, type Operator, Translation } from './translation.js';

const operators: Readonly<Record<string, Operator>> = {
  ...arrangementOperators,
  ...convolutions,
  ...elementwiseOperators,
  ...normalisationOperators,
  ...productOperators,
};

/**
 * Adds the operations of `graph` to `onnx`.
 *
 * @param inputs what stands for the graph's inputs, by their names there
 * @returns names of the outputs, in TensorFlow's order of axes
 * @throws ExportError listing the operations that have no counterpart
 */
export function translate(
  graph: NodeGraph,
  onnx: OnnxGraph,
  inputs: Readonly<Record<string, Value>>,
  free: FreeSides,
): Map<string, string> {
  const order = graph.inOrder();
  const unknown = new Set(order.map(({ op }) => op).filter((op) => op !== 'Const' && operators[op] === undefined));
  if (unknown.size > 0)
    throw new ExportError(
      `ONNX: no way is known to write ${[...unknown].join(', ')}. Please report it with the config of the model.`,
    );
  const t = new Translation(graph, onnx, free);
  for (const [name, placeholder] of graph.inputs) t.set(placeholder, [inputs[name]!]);
  const placeholders = new Set(graph.inputs.values());
  for (const node of order) {
    if (node.op === 'Const' || placeholders.has(node.name)) continue;
    const result = operators[node.op]!(t, node);
    t.set(node.name, Array.isArray(result) ? result : [result as Value]);
  }
  return new Map(
    [...graph.outputs].map(([name, { node, index }]) => {
      const probe = { ...graph.node(node), inputs: [{ node, index }] };
      return [name, t.rows(t.value(probe, 0))] as const;
    }),
  );
}
