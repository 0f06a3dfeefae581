/** Operations with a gradient of their own. */
import * as tf from '@tensorflow/tfjs-core';

/**
 * `tf.customGrad` for named inputs: `forward` computes and says what to keep, `backward` gives one gradient for each input.
 *
 * Nothing inside is recorded for differentiation, so both may call raw TensorFlow operations.
 */
export function withGradient<I extends readonly tf.Tensor[], O extends tf.Tensor>(
  inputs: I,
  forward: (keep: (...tensors: tf.Tensor[]) => void) => O,
  backward: (dy: O, kept: tf.Tensor[]) => { [K in keyof I]: tf.Tensor },
): O {
  const op = tf.customGrad<O>((...args) => {
    const save = args[args.length - 1] as tf.GradSaveFunc;
    let kept: tf.Tensor[] = [];
    const value = forward((...tensors) => {
      kept = tensors;
    });
    save(kept);
    return { value, gradFunc: (dy, saved) => [...backward(dy, saved)] as tf.Tensor[] };
  });
  return op(...(inputs as readonly tf.Tensor[]));
}
