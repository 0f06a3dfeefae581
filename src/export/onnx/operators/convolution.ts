/** Convolutions, pooling and resizing of maps: [B, C, H, W] in ONNX. */
import { ExportError } from '../../../errors.js';
import { boolAttribute, type GraphNode, intsAttribute, textAttribute } from '../../graph/nodeGraph.js';
import { type OnnxAttribute, transposed } from '../onnxGraph.js';
import { mapsValue, type Operator, type Translation } from '../translation.js';

/** Rows and columns of zeros before and after: [top, left, bottom, right]. */
function padsOf(t: Translation, node: GraphNode, kernel: readonly number[], strides: readonly number[]): number[] {
  const padding = textAttribute(node, 'padding');
  if (padding === 'VALID') return [0, 0, 0, 0];
  if (padding === 'EXPLICIT') {
    const [, , top, bottom, left, right] = intsAttribute(node, 'explicit_paddings');
    return [top!, left!, bottom!, right!];
  }
  if (t.free.size !== undefined && strides.some((stride) => stride > 1))
    throw new ExportError(`${node.name}: its padding depends on the size of the pictures, which must be fixed then`);
  const [, height, width] = t.value(node, 0).shape;
  const [before, after] = [0, 1].map((end) =>
    [height!, width!].map((side, axis) => {
      const missing = Math.max((Math.ceil(side / strides[axis]!) - 1) * strides[axis]! + kernel[axis]! - side, 0);
      return end === 0 ? Math.floor(missing / 2) : Math.ceil(missing / 2);
    }),
  );
  return [...before!, ...after!];
}

const sides = (values: readonly number[]) => values.slice(1, 3); // of TensorFlow's [B, H, W, C]

function windowAttributes(t: Translation, node: GraphNode, kernel: readonly number[]): Record<string, OnnxAttribute> {
  const strides = sides(intsAttribute(node, 'strides'));
  return {
    kernel_shape: { ints: kernel },
    strides: { ints: strides },
    pads: { ints: padsOf(t, node, kernel, strides) },
  };
}

function convolution(t: Translation, node: GraphNode, order: readonly number[], groups: number) {
  const filter = t.constant(node, 1);
  const attributes = {
    ...windowAttributes(t, node, filter.shape.slice(0, 2)),
    dilations: { ints: sides(intsAttribute(node, 'dilations')) },
    group: { int: groups },
  };
  const inputs = [t.maps(t.value(node, 0)), t.onnx.constant(transposed(filter, order))];
  if (node.inputs.length > 2) inputs.push(t.onnx.constant(t.constant(node, 2)));
  return mapsValue(node.shape, t.onnx.add('Conv', inputs, attributes));
}

/** Filters [k, k, I, O] → [O, I, k, k]. */
const conv2d: Operator = (t, node) => convolution(t, node, [3, 2, 0, 1], 1);

/** Filters [k, k, C, M] → [C · M, 1, k, k]; M is 1 in all networks of ours. */
const depthwise: Operator = (t, node) => {
  const [, , channels, multiplier] = t.constant(node, 1).shape;
  if (multiplier !== 1) throw new ExportError(`${node.name}: expected one filter a channel, found ${multiplier}`);
  return convolution(t, node, [2, 3, 0, 1], channels!);
};

/** Zeros that a pool is given around a map that has nothing below them are as good as ONNX's own padding, which never wins. */
const maxPool: Operator = (t, node) => {
  const attributes = windowAttributes(t, node, sides(intsAttribute(node, 'ksize')));
  const input = t.graph.input(node, 0);
  const padded =
    /^Pad/.test(input.op) && t.graph.input(input, 0).op === 'Relu' && textAttribute(node, 'padding') === 'VALID';
  if (!padded) return mapsValue(node.shape, t.onnx.add('MaxPool', [t.maps(t.value(node, 0))], attributes));
  const [, , top, bottom, left, right] = [...t.constant(input, 1).data].map(Number) as number[];
  const pads = { ints: [top!, left!, bottom!, right!] };
  return mapsValue(node.shape, t.onnx.add('MaxPool', [t.maps(t.value(input, 0))], { ...attributes, pads }));
};

/** Index ⌊i · from / to⌋. */
const resizeNearest: Operator = (t, node) => {
  if (boolAttribute(node, 'align_corners') || boolAttribute(node, 'half_pixel_centers'))
    throw new ExportError(`${node.name}: expected ResizeNearestNeighbor without centres or corners`);
  const x = t.value(node, 0);
  const [, height, width] = node.shape;
  const factors = [height! / x.shape[1]!, width! / x.shape[2]!];
  const attributes = { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' };
  const maps = t.maps(x);
  if (t.free.size === undefined && factors.every(Number.isInteger))
    return mapsValue(node.shape, t.onnx.add('Resize', [maps, '', t.onnx.floats([1, 1, ...factors])], attributes));
  const first = t.onnx.add('Slice', [t.onnx.add('Shape', [maps]), t.onnx.ints([0]), t.onnx.ints([2])]); // B, C
  const sizes = t.onnx.add('Concat', [first, t.sidesOf(height!, width!)], { axis: { int: 0 } });
  return mapsValue(node.shape, t.onnx.add('Resize', [maps, '', '', sizes], attributes));
};

export const convolutions: Readonly<Record<string, Operator>> = {
  Conv2D: conv2d,
  DepthwiseConv2dNative: depthwise,
  MaxPool: maxPool,
  ResizeNearestNeighbor: resizeNearest,
};
