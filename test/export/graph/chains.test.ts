import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { absorb } from '../../../src/export/graph/absorb.js';
import { recogniseChains } from '../../../src/export/graph/chains.js';
import { foldConstants } from '../../../src/export/graph/fold.js';
import { NodeGraph } from '../../../src/export/graph/nodeGraph.js';
import { affineGelu, gelu } from '../../../src/nn/ops/activation.js';
import { conv2d } from '../../../src/nn/ops/convolution.js';
import { biasAdd, linear } from '../../../src/nn/ops/linear.js';
import { groupNorm, layerNorm } from '../../../src/nn/ops/normalisation.js';
import { FrozenFunction } from '../../../src/tensorflow/frozen.js';

const vector = (...values: number[]) => tf.tensor1d(values);

/** The graph of a function of one input, chains recognised but nothing absorbed. */
async function recognised(shape: readonly number[], fn: (x: tf.Tensor) => tf.Tensor) {
  const frozen = new FrozenFunction(({ x }) => ({ y: fn(x!) }), { x: { dtype: 'float32', shape } });
  const graph = NodeGraph.of(frozen);
  await foldConstants(graph, frozen);
  recogniseChains(graph);
  frozen.dispose();
  return graph;
}

const operations = (graph: NodeGraph) =>
  graph
    .inOrder()
    .map(({ op }) => op)
    .filter((op) => op !== 'Const');

test('GELU alone, and with a factor and a summand a channel behind it', async () => {
  expect(operations(await recognised([4, 2], gelu))).toEqual(['Placeholder', 'Gelu']);
  const affine = await recognised([4, 2], (x) => affineGelu(x, vector(2, 3), vector(4, 5)));
  expect(operations(affine)).toEqual(['Placeholder', 'Gelu', 'ChannelAffine']);
});

test('half of x times itself is no GELU', async () => {
  expect(operations(await recognised([4, 2], (x) => tf.mul(x, tf.mul(x, 0.5))))).toEqual(['Placeholder', 'Mul', 'Mul']);
});

test('layer and group normalisation, with their epsilon and number of groups', async () => {
  const layer = await recognised([4, 2], (x) => layerNorm(x as tf.Tensor2D, vector(2, 3), vector(4, 5), 1e-4));
  expect(operations(layer)).toEqual(['Placeholder', 'LayerNorm']);
  expect(layer.inOrder().at(-1)!.epsilon).toBeCloseTo(1e-4, 9);
  const group = await recognised([1, 3, 2, 4], (x) =>
    groupNorm(x as tf.Tensor4D, vector(1, 2, 3, 4), vector(5, 6, 7, 8), 2, 1e-3),
  );
  expect(operations(group)).toEqual(['Placeholder', 'GroupNorm']);
  expect(group.inOrder().at(-1)!.groups).toBe(2);
});

test('(x - mean) · factor is x · factor - mean · factor', async () => {
  const graph = await recognised([4, 2], (x) => tf.mul(tf.sub(x, vector(2, 3)), vector(10, 100)));
  const affine = graph.inOrder().at(-1)!;
  expect(affine.op).toBe('ChannelAffine');
  expect(graph.constant(affine, 1)!.data).toEqual(Float32Array.of(10, 100));
  expect(graph.constant(affine, 2)!.data).toEqual(Float32Array.of(-20, -300));
});

test('before a matrix product, factors and summands go into the weights: (2x + 1, 3y + 2) · (1, 10) + 5', async () => {
  const graph = await recognised([1, 1, 1, 2], (x) => {
    const affine = tf.add(tf.mul(x, vector(2, 3)), vector(1, 2));
    return linear(affine, tf.tensor2d([1, 10], [2, 1]), vector(5));
  });
  absorb(graph);
  expect(operations(graph)).toEqual(['Placeholder', 'Reshape', 'MatMul', 'Reshape']);
  const product = graph.inOrder().find(({ op }) => op === 'MatMul')!;
  expect(graph.constant(product, 1)!.data).toEqual(Float32Array.of(2, 30));
  expect(graph.constant(product, 2)!.data).toEqual(Float32Array.of(1 * 1 + 2 * 10 + 5));
});

test('a convolution that pads with zeros keeps the pass before it, and takes its bias', async () => {
  const graph = await recognised([1, 3, 3, 1], (x) => {
    const affine = tf.add(tf.mul(x, vector(2)), vector(1)) as tf.Tensor4D;
    return biasAdd(conv2d(affine, tf.ones([3, 3, 1, 1]), { padding: 1 }), vector(4));
  });
  absorb(graph);
  expect(operations(graph)).toEqual(['Placeholder', 'ChannelAffine', 'Conv2D']);
  expect(graph.constant(graph.inOrder().at(-1)!, 2)!.data).toEqual(Float32Array.of(4));
});
