/** Operations that move numbers, or sum them up. */
import { ExportError } from '../../../errors.js';
import { boolAttribute, type GraphNode, intAttribute } from '../../graph/nodeGraph.js';
import { isMapAndRows } from '../layout.js';
import { type Operator, rowsOf, rowsValue, type Translation, toMaps } from '../translation.js';

/** Between a map and its rows nothing moves. */
const reshape: Operator = (t, node) => {
  const x = t.value(node, 0);
  if (x.map?.shape.join() === node.shape.join()) return x.map;
  const rows = node.shape.length === 2 && x.shape.length === 4;
  if (rows && isMapAndRows(x.shape, node.shape) && t.graph.constant(node, 0) === undefined) return rowsOf(x);
  const constant = t.graph.constant(node, 0) !== undefined;
  const name = constant ? t.onnx.add('Reshape', [t.rows(x), t.onnx.ints(node.shape)]) : t.reshaped(x, node.shape);
  return rowsValue(node.shape, name);
};

const transpose: Operator = (t, node) => {
  const perm = { ints: [...t.constant(node, 1).data].map(Number) };
  return rowsValue(node.shape, t.onnx.add('Transpose', [t.rows(t.value(node, 0))], { perm }));
};

/** The last input is the axis. */
const concat: Operator = (t, node) => {
  const axis = Number(t.constant(node, node.inputs.length - 1).data[0]);
  const parts = node.inputs.slice(0, -1).map((_, i) => t.rows(t.value(node, i)));
  return rowsValue(node.shape, t.onnx.add('Concat', parts, { axis: { int: axis } }));
};

function splitParts(t: Translation, node: GraphNode, x: number, axis: number, sizes: readonly number[]) {
  const value = t.value(node, x);
  const along = axis < 0 ? axis + value.shape.length : axis;
  const names = t.onnx.addMany('Split', [t.rows(value), t.onnx.ints(sizes)], { axis: { int: along } }, sizes.length);
  return names.map((name, i) => rowsValue(value.shape.with(along, sizes[i]!), name));
}

/** Inputs: axis, x. */
const split: Operator = (t, node) => {
  const axis = Number(t.constant(node, 0).data[0]);
  const count = intAttribute(node, 'num_split');
  const side = t.value(node, 1).shape.at(axis)!;
  return splitParts(t, node, 1, axis, Array<number>(count).fill(side / count));
};

/** Inputs: x, sizes, axis. */
const splitV: Operator = (t, node) => {
  const sizes = [...t.constant(node, 1).data].map(Number);
  return splitParts(t, node, 0, Number(t.constant(node, 2).data[0]), sizes);
};

/** Inputs: x, begin, size; -1 is "to the end". */
const slice: Operator = (t, node) => {
  const begin = [...t.constant(node, 1).data].map(Number);
  const size = [...t.constant(node, 2).data].map(Number);
  const end = begin.map((from, i) => (size[i] === -1 ? Number.MAX_SAFE_INTEGER : from + size[i]!));
  const inputs = [t.rows(t.value(node, 0)), t.onnx.ints(begin), t.onnx.ints(end)];
  return rowsValue(node.shape, t.onnx.add('Slice', inputs));
};

const tile: Operator = (t, node) => {
  const repeats = t.onnx.ints([...t.constant(node, 1).data].map(Number));
  return rowsValue(node.shape, t.onnx.add('Tile', [t.rows(t.value(node, 0)), repeats]));
};

/** Zeros around. Inputs: x, [rank, 2] numbers of them, what stands there in place of zeros. */
const pad: Operator = (t, node) => {
  const x = t.value(node, 0);
  const layout = x.names.maps === undefined ? 'rows' : 'maps';
  const sides = [...t.constant(node, 1).data].map(Number); // before and after, axis by axis
  const axes = layout === 'maps' ? toMaps : x.shape.map((_, axis) => axis);
  const pads = [0, 1].flatMap((end) => axes.map((axis) => sides[2 * axis + end]!));
  const value = node.inputs.length > 2 ? t.onnx.constant(t.constant(node, 2)) : t.onnx.floats([0], []);
  const name = t.onnx.add('Pad', [t.in(layout, x), t.onnx.ints(pads), value]);
  return { shape: node.shape, names: { [layout]: name } };
};

const mapAxis = [0, 2, 3, 1] as const; // TensorFlow's axis of a map → ONNX's

function reduction(op: 'ReduceMean' | 'ReduceSum'): Operator {
  return (t, node) => {
    const x = t.value(node, 0);
    const axes = [...t.constant(node, 1).data].map((axis) => (Number(axis) + x.shape.length) % x.shape.length);
    const keep = boolAttribute(node, 'keep_dims');
    const onMaps = x.names.maps !== undefined && !keep && axes.join() === '1,2';
    const input = onMaps ? t.maps(x) : t.rows(x);
    const along = onMaps ? axes.map((axis) => mapAxis[axis]!) : axes;
    const keepdims = { int: keep ? 1 : 0 };
    const asInput = op === 'ReduceSum' || t.onnx.opset >= 18;
    return rowsValue(
      node.shape,
      asInput
        ? t.onnx.add(op, [input, t.onnx.ints(along)], { keepdims })
        : t.onnx.add(op, [input], { axes: { ints: along }, keepdims }),
    );
  };
}

const placeholder: Operator = (_, node) => {
  throw new ExportError(`${node.name}: an input without a name`);
};

export const arrangementOperators: Readonly<Record<string, Operator>> = {
  Placeholder: placeholder,
  Reshape: reshape,
  Transpose: transpose,
  ConcatV2: concat,
  Split: split,
  SplitV: splitV,
  Slice: slice,
  Tile: tile,
  Pad: pad,
  PadV2: pad,
  Mean: reduction('ReduceMean'),
  Sum: reduction('ReduceSum'),
};
