/** Operations on each number by itself, with broadcasting: in whatever order their inputs lie. */

import { ExportError } from '../../../errors.js';
import { sizeOf } from '../../../tensorflow/hostTensor.js';
import type { GraphNode } from '../../graph/nodeGraph.js';
import { cheapestLayout, type Layout, type Value } from '../layout.js';
import { type Operator, rowsOf, rowsValue, type Translation } from '../translation.js';

/** Writes an operation from the names of its inputs. */
type Write = (t: Translation, inputs: readonly string[], node: GraphNode, layout: Layout) => string;

const simply =
  (op: string): Write =>
  (t, inputs) =>
    t.onnx.add(op, inputs);

/** An operation whose result lies as its inputs do. */
function elementwise(write: Write): Operator {
  return (t, node) => {
    const varying = node.inputs.map((_, i) => (t.graph.constant(node, i) ? undefined : t.value(node, i)));
    const flat = varying.find((value) => value?.map);
    if (flat?.map && onRowsOf(flat.map, node, t, varying)) {
      const map = written(
        t,
        node,
        flat.map.shape,
        varying.map((value) => value?.map),
        write,
      );
      return rowsOf(map);
    }
    return written(t, node, node.shape, varying, write);
  };
}

/** Whether all inputs are rows of maps of one shape, or constants that are the same for each row. */
function onRowsOf(map: Value, node: GraphNode, t: Translation, varying: readonly (Value | undefined)[]): boolean {
  return varying.every((value, i) => {
    if (value !== undefined) return value.map?.shape.join() === map.shape.join();
    const { shape } = t.constant(node, i);
    return sizeOf(shape) === (shape.at(-1) ?? 1);
  });
}

function written(
  t: Translation,
  node: GraphNode,
  shape: readonly number[],
  varying: readonly (Value | undefined)[],
  write: Write,
): Value {
  const values = varying.filter((value) => value !== undefined);
  const maps = values.every((value) => value.shape.length === 4) && shape.length === 4;
  const layout = maps ? cheapestLayout(values, t.wanted(node)) : 'rows';
  const inputs = varying.map((value, i) =>
    value === undefined ? t.constantIn(layout, t.constant(node, i)) : t.in(layout, value),
  );
  return { shape, names: { [layout]: write(t, inputs, node, layout) } };
}

const rsqrt: Write = (t, inputs) => t.onnx.add('Reciprocal', [t.onnx.add('Sqrt', inputs)]);
const square: Write = (t, [x]) => t.onnx.add('Mul', [x!, x!]);

/** In the form in which runtimes know it, where there is no operator for it yet. */
const gelu: Write = ({ onnx }, [x]) => {
  if (onnx.opset >= 20) return onnx.add('Gelu', [x!]);
  const erf = onnx.add('Erf', [onnx.add('Div', [x!, onnx.floats([Math.SQRT2], [])])]);
  const sum = onnx.add('Add', [erf, onnx.floats([1], [])]);
  return onnx.add('Mul', [onnx.add('Mul', [x!, sum]), onnx.floats([0.5], [])]);
};

/** x · scale + shift in one pass over a map: batch normalisation with mean 0 and variance 1. */
const channelAffine: Write = (t, [x, scale, shift], node, layout) => {
  if (layout === 'rows') return t.onnx.add('Add', [t.onnx.add('Mul', [x!, scale!]), shift!]);
  const channels = node.shape.at(-1)!;
  const constants = [1, 2].map((i) => t.onnx.constant(t.constant(node, i)));
  const fill = (value: number) => t.onnx.floats(Array<number>(channels).fill(value));
  return t.onnx.add('BatchNormalization', [x!, ...constants, fill(0), fill(1)], { epsilon: { float: 0 } });
};

/** TensorFlow's numbers of element types and ONNX's, where graphs of ours use them. */
const onnxTypes: Readonly<Record<number, number>> = { 1: 1, 3: 6, 4: 2, 9: 7, 10: 9 };

const cast: Operator = (t, node) => {
  const x = t.value(node, 0);
  const to = onnxTypes[node.attributes.DstT!.type!];
  if (to === undefined)
    throw new ExportError(`${node.name}: TensorFlow type ${node.attributes.DstT!.type} cannot be written`);
  const layout = t.wanted(node) ?? cheapestLayout([x], undefined); // pixels are moved before they grow to floats
  return { shape: node.shape, names: { [layout]: t.onnx.add('Cast', [t.in(layout, x)], { to: { int: to } }) } };
};

const same: Operator = (t, node) => t.value(node, 0);

/** Broadcast by rows only: comparisons are of small integers. */
const less: Operator = (t, node) => {
  const inputs = [0, 1].map((i) => t.rows(t.value(node, i)));
  return rowsValue(node.shape, t.onnx.add('Less', inputs));
};

export const elementwiseOperators: Readonly<Record<string, Operator>> = {
  Add: elementwise(simply('Add')),
  AddV2: elementwise(simply('Add')),
  BiasAdd: elementwise(simply('Add')),
  Sub: elementwise(simply('Sub')),
  Mul: elementwise(simply('Mul')),
  RealDiv: elementwise(simply('Div')),
  Maximum: elementwise(simply('Max')),
  Minimum: elementwise(simply('Min')),
  Relu: elementwise(simply('Relu')),
  Sigmoid: elementwise(simply('Sigmoid')),
  Exp: elementwise(simply('Exp')),
  Erf: elementwise(simply('Erf')),
  Sqrt: elementwise(simply('Sqrt')),
  Softplus: elementwise(simply('Softplus')),
  Rsqrt: elementwise(rsqrt),
  Square: elementwise(square),
  Gelu: elementwise(gelu),
  ChannelAffine: elementwise(channelAffine),
  Cast: cast,
  Less: less,
  Identity: same,
};
