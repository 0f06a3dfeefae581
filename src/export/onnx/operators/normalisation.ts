/** Normalisations. */
import { floatAttribute } from '../../graph/nodeGraph.js';
import { mapsValue, type Operator, rowsOf, rowsValue } from '../translation.js';

/** Over the channels of each row. */
const layerNorm: Operator = (t, node) => {
  const x = t.value(node, 0);
  const map = x.map ?? x;
  const constants = [1, 2].map((i) => t.onnx.constant(t.constant(node, i)));
  const attributes = { axis: { int: -1 }, epsilon: { float: node.epsilon! } };
  const value = rowsValue(map.shape, t.onnx.add('LayerNormalization', [t.rows(map), ...constants], attributes));
  return x.map === undefined ? value : rowsOf(value);
};

/** As one instance a group, then a factor and a summand a channel: there is no operator for it before opset 21. */
const groupNorm: Operator = (t, node) => {
  const { onnx } = t;
  const groups = node.groups!;
  const fill = (value: number) => onnx.floats(Array<number>(groups).fill(value));
  const x = t.maps(t.value(node, 0));
  const parts = onnx.add('Reshape', [x, onnx.ints([0, groups, -1])]);
  const epsilon = { epsilon: { float: node.epsilon! } };
  const normal = onnx.add('InstanceNormalization', [parts, fill(1), fill(0)], epsilon);
  const maps = onnx.add('Reshape', [normal, onnx.add('Shape', [x])]);
  const [weight, bias] = [1, 2].map((i) => t.constantIn('maps', t.constant(node, i)));
  return mapsValue(node.shape, onnx.add('Add', [onnx.add('Mul', [maps, weight!]), bias!]));
};

/** With given statistics. */
const batchNorm: Operator = (t, node) => {
  const constants = [1, 2, 3, 4].map((i) => t.onnx.constant(t.constant(node, i)));
  const attributes = { epsilon: { float: floatAttribute(node, 'epsilon') } };
  return mapsValue(node.shape, t.onnx.add('BatchNormalization', [t.maps(t.value(node, 0)), ...constants], attributes));
};

export const normalisationOperators: Readonly<Record<string, Operator>> = {
  LayerNorm: layerNorm,
  GroupNorm: groupNorm,
  FusedBatchNormV3: batchNorm,
};
