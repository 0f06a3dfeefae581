/** Chains of element-wise operations as one pass over memory. */
import type * as tf from '@tensorflow/tfjs-core';
import { attributeTypes } from './attributes.js';
import { currentGraph, outputOf, recordAside, tensorOf } from './backend.js';
import { Graph } from './graph.js';
import { type DataType, dataTypes } from './hostTensor.js';

/**
 * Computes `body(...inputs)`; in a graph that fuses tensors of that size, XLA compiles it into one loop that reads its inputs
 * and writes its outputs, with nothing in between going through memory.
 *
 * For element-wise chains: what is left between convolutions and matrix products is bound by memory, and TensorFlow's own
 * kernels pass over it once an operation. XLA's loops over a row's elements (sums, softmax) and its matrix products are slow
 * on CPUs, so those stay outside. There is no gradient: use it inside of `withGradient`.
 *
 * What is compiled is kept by name, constants and input shapes. So a body must follow from these alone: what differs from call
 * to call is an input, or one of the `constants`, which the body gets after its inputs. `Graph.comparesFunctions` checks that.
 *
 * @param name of the chain
 * @param constants numbers and words that the body depends on
 */
export function fuse<
  I extends readonly tf.Tensor[],
  O extends readonly tf.Tensor[],
  C extends Readonly<Record<string, number | string>> = Readonly<Record<string, never>>,
>(name: string, inputs: I, body: (...args: [...I, C]) => O, constants: C = {} as C): O {
  const graph = currentGraph();
  if (graph === undefined || !fuses(Math.max(...inputs.map(({ size }) => size)))) return body(...inputs, constants);
  const given = Object.entries(constants).map(([key, value]) => `${key}${value}`);
  const fullName = [name, ...given, ...inputs.map(({ shape }) => shape.join('x'))].join('_');
  const shapes = graph.function(fullName, () => {
    const aside = new Graph();
    const placeholders = inputs.map(({ dtype, shape }) => aside.placeholder(dtype as DataType, shape));
    const outputs = recordAside(aside, () =>
      body(...(placeholders.map(tensorOf) as unknown as [...I]), constants).map(outputOf),
    );
    return { graph: aside, inputs: placeholders, outputs };
  });
  const operation = graph.operation('PartitionedCall', inputs.map(outputOf), [
    {
      name: 'Tin',
      type: attributeTypes.type,
      value: inputs.map(({ dtype }) => dataTypes[dtype as DataType]),
    },
    { name: 'Tout', type: attributeTypes.type, value: shapes.map(() => dataTypes.float32) },
    { name: 'f', type: attributeTypes.function, value: fullName },
    { name: '_XlaMustCompile', type: attributeTypes.bool, value: true },
    { name: '_noinline', type: attributeTypes.bool, value: true },
  ]);
  return shapes.map((shape, index) => {
    const output = { oper: operation, index };
    graph.setShape(output, shape);
    return tensorOf(output);
  }) as unknown as O;
}

/** Whether `fuse` compiles what is being recorded, for a tensor of so many numbers. */
export const fuses = (size: number): boolean => size >= (currentGraph()?.fusesFrom ?? Number.POSITIVE_INFINITY);
