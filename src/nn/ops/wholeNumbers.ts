/**
 * Arithmetic with whole numbers that stays on the device. On a GPU, TensorFlow computes with 32-bit ones in the host's memory, so that
 * values would go there and back in the middle of a step; with 64-bit ones it computes where they are.
 */
import type * as tf from '@tensorflow/tfjs-core';
import { rawOp } from '../../tensorflow/backend.js';

const int32 = { type: 'int32' } as const;
const int64 = { type: 'int64' } as const;

/** a + b, int32, with broadcasting. */
export const addWhole = (a: tf.Tensor, b: tf.Tensor): tf.Tensor => inLong('AddV2', a, b);

/** ⌊a ÷ b⌋, int32, with broadcasting. */
export const divideWhole = (a: tf.Tensor, b: tf.Tensor): tf.Tensor => inLong('FloorDiv', a, b);

function inLong(op: string, a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  const [x, y] = [a, b].map((operand) => rawOp('Cast', [operand], { SrcT: int32, DstT: int64 })) as [
    tf.Tensor,
    tf.Tensor,
  ];
  return rawOp('Cast', [rawOp(op, [x, y], { T: int64 })], { SrcT: int64, DstT: int32 });
}
