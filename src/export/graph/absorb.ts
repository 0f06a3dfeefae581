/** Passes over maps that disappear into the weights of the product before or after them. */
import { constantNode, type GraphNode, type NodeGraph, textAttribute } from './nodeGraph.js';

const products = ['Conv2D', 'DepthwiseConv2dNative', 'MatMul'];

/** Biases become a third input of the product that they are added to; factors and summands before a product go into its weights. */
export function absorb(graph: NodeGraph): void {
  absorbBiases(graph);
  absorbAffines(graph);
}

function absorbBiases(graph: NodeGraph): void {
  const uses = graph.uses();
  for (const node of graph.inOrder()) {
    if (node.op !== 'BiasAdd' || graph.constant(node, 1) === undefined) continue;
    const product = graph.input(node, 0);
    if (!products.includes(product.op) || product.inputs.length > 2 || uses.get(product.name) !== 1) continue;
    graph.replace({ ...product, name: node.name, inputs: [...product.inputs, node.inputs[1]!] });
  }
}

/**
 * W (x · scale + shift) + b = (W · scale) x + (W shift + b), by input channel. Not where a convolution pads with zeros: there the
 * border would see the shift too.
 */
function absorbAffines(graph: NodeGraph): void {
  const uses = graph.uses();
  for (const node of graph.inOrder()) {
    if ((node.op !== 'Conv2D' || textAttribute(node, 'padding') !== 'VALID') && node.op !== 'MatMul') continue;
    const affine = affineBefore(graph, node, uses);
    const weight = graph.constant(node, 1);
    if (affine === undefined || weight === undefined) continue;
    const [scale, shift] = [graph.constant(affine, 1)!.data, graph.constant(affine, 2)!.data] as Float32Array[];
    const outputs = weight.shape.at(-1)!;
    const values = weight.data as Float32Array;
    const scaled = new Float32Array(values.length);
    const bias = Float64Array.from((graph.constant(node, 2)?.data as Float32Array) ?? new Float32Array(outputs));
    for (let i = 0; i < values.length; i++) {
      const channel = Math.floor(i / outputs) % scale!.length;
      scaled[i] = values[i]! * scale![channel]!;
      bias[i % outputs]! += values[i]! * shift![channel]!;
    }
    const filter = constantNode(`${node.name}/scaled`, { data: scaled, shape: weight.shape });
    const summand = constantNode(`${node.name}/shifted`, { data: Float32Array.from(bias), shape: [outputs] });
    for (const constant of [filter, summand]) graph.replace(constant);
    graph.replace({
      ...node,
      inputs: [beforeAffine(graph, node, affine), edge(filter.name), edge(summand.name)],
    });
  }
}

const edge = (node: string) => ({ node, index: 0 });

/** The `ChannelAffine` that a product alone reads, directly or reshaped to rows. */
function affineBefore(graph: NodeGraph, node: GraphNode, uses: ReadonlyMap<string, number>): GraphNode | undefined {
  let input = graph.input(node, 0);
  if (input.op === 'Reshape' && uses.get(input.name) === 1 && input.shape.at(-1) === graph.input(input, 0).shape.at(-1))
    input = graph.input(input, 0);
  return input.op === 'ChannelAffine' && uses.get(input.name) === 1 ? input : undefined;
}

/** Input of the product once the affine is gone. */
function beforeAffine(graph: NodeGraph, node: GraphNode, affine: GraphNode): GraphNode['inputs'][number] {
  const input = graph.input(node, 0);
  if (input === affine) return affine.inputs[0]!;
  const reshape = { ...input, name: `${input.name}/plain`, inputs: [affine.inputs[0]!, input.inputs[1]!] };
  graph.replace(reshape);
  return edge(reshape.name);
}
