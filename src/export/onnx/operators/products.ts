/** Matrix products, and softmax between two of them. */
import { ExportError } from '../../../errors.js';
import { boolAttribute, type GraphNode } from '../../graph/nodeGraph.js';
import type { Layout, Value } from '../layout.js';
import { transposed } from '../onnxGraph.js';
import { mapsValue, type Operator, rowsOf, rowsValue, type Translation } from '../translation.js';

/** [M, I] · [I, O] + [O]; rows of a map stay rows of a map. */
const matMul: Operator = (t, node) => {
  if (boolAttribute(node, 'transpose_a') || boolAttribute(node, 'transpose_b'))
    throw new ExportError(`${node.name}: a MatMul that transposes cannot be written`);
  const x = t.value(node, 0);
  if (x.map === undefined || t.graph.constant(node, 1) === undefined) return plainProduct(t, node, x);
  const shape = [...x.map.shape.slice(0, -1), node.shape[1]!];
  const map = layoutOf(t, node, x.map) === 'maps' ? pointwise(t, node, x.map, shape) : byRows(t, node, x.map, shape);
  return rowsOf(map);
};

/** Which order costs the fewest numbers to bring into another: a map is transposed where it has fewer channels. */
function layoutOf(t: Translation, node: GraphNode, map: Value): Layout {
  const wanted = t.wanted(node);
  const only = map.names.maps === undefined ? 'rows' : map.names.rows === undefined ? 'maps' : undefined;
  if (only === undefined) return wanted ?? 'maps';
  if (wanted === undefined || wanted === only) return only;
  const [inputs, outputs] = [map.shape.at(-1)!, node.shape[1]!];
  return inputs <= outputs ? wanted : only;
}

/** As a 1×1 convolution. */
function pointwise(t: Translation, node: GraphNode, map: Value, shape: readonly number[]): Value {
  const { data, shape: sides } = transposed(t.constant(node, 1), [1, 0]);
  const inputs = [t.maps(map), t.onnx.constant({ data, shape: [...sides, 1, 1] })];
  if (node.inputs.length > 2) inputs.push(t.onnx.constant(t.constant(node, 2)));
  return mapsValue(shape, t.onnx.add('Conv', inputs, { kernel_shape: { ints: [1, 1] } }));
}

function byRows(t: Translation, node: GraphNode, map: Value, shape: readonly number[]): Value {
  const product = t.onnx.add('MatMul', [t.rows(map), t.onnx.constant(t.constant(node, 1))]);
  if (node.inputs.length === 2) return rowsValue(shape, product);
  return rowsValue(shape, t.onnx.add('Add', [product, t.onnx.constant(t.constant(node, 2))]));
}

function plainProduct(t: Translation, node: GraphNode, x: Value): Value {
  const inputs = [t.rows(x), ...node.inputs.slice(1).map((_, i) => t.rows(t.value(node, i + 1)))];
  return rowsValue(node.shape, inputs.length === 2 ? t.onnx.add('MatMul', inputs) : t.onnx.add('Gemm', inputs));
}

/** [..., M, I] · [..., I, O], either side transposed where it says so. */
const batchMatMul: Operator = (t, node) => {
  const sides = ['adj_x', 'adj_y'].map((name, i) => {
    const value = t.value(node, i);
    const side = t.rows(value);
    if (!boolAttribute(node, name)) return side;
    const rank = value.shape.length;
    const order = value.shape.map((_, axis) => axis);
    return t.onnx.add('Transpose', [side], { perm: { ints: [...order.slice(0, -2), rank - 1, rank - 2] } });
  });
  return rowsValue(node.shape, t.onnx.add('MatMul', sides));
};

const softmax: Operator = (t, node) =>
  rowsValue(node.shape, t.onnx.add('Softmax', [t.rows(t.value(node, 0))], { axis: { int: -1 } }));

export const productOperators: Readonly<Record<string, Operator>> = {
  MatMul: matMul,
  BatchMatMulV2: batchMatMul,
  Softmax: softmax,
};
