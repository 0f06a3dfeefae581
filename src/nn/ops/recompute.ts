/** Memory for time: activations that are computed again in the backward pass instead of being kept for it. */
import * as tf from '@tensorflow/tfjs-core';
import { InTurn } from '../../tensorflow/runOrder.js';
import type { ForwardContext } from '../module.js';
import { withGradient } from './gradient.js';

export interface RecomputeOptions {
  /** Weights that `fn` reads by itself. */
  readonly weights?: readonly tf.Tensor[];
  /** Turn of pieces that must not run at the same time as this one, forward or backward. */
  readonly turn?: InTurn;
}

/**
 * Runs `fn`, keeping its inputs only; the backward pass runs it again, with the same random numbers, and differentiates that.
 *
 * Source: Chen et al., "Training Deep Nets with Sublinear Memory Cost" (2016).
 *
 * @param fn computes from what it is given, context included, and from `weights`: nothing else gets a gradient
 */
export function recompute<I extends readonly tf.Tensor[], O extends tf.Tensor>(
  inputs: I,
  ctx: ForwardContext,
  fn: (ctx: ForwardContext, ...inputs: [...I]) => O,
  { weights = [], turn = new InTurn() }: RecomputeOptions = {},
): O {
  return withGradient(
    [...inputs, ...weights],
    (keep) => {
      const drawn: tf.Tensor[] = [];
      const [y] = turn.run([], () => [fn(remembering(ctx, drawn), ...inputs)] as const);
      keep(...inputs, ...drawn);
      return y;
    },
    (dy, kept) => {
      const [given, drawn] = [kept.slice(0, inputs.length), kept.slice(inputs.length)];
      const run = () => fn(again(ctx, drawn), ...(given as unknown as [...I]));
      // Not before its gradient is there: until then the activations would take memory for nothing.
      return turn.run([dy], () => gradientsOf(run, [...given, ...weights], dy));
    },
  );
}

/** `ctx`, writing down the random numbers that it gives. */
function remembering(ctx: ForwardContext, drawn: tf.Tensor[]): ForwardContext {
  return {
    training: ctx.training,
    uniform(shape) {
      const numbers = ctx.uniform(shape);
      drawn.push(numbers);
      return numbers;
    },
    prepared: (of, value) => ctx.prepared(of, value),
    update: (statistic, value) => ctx.update(statistic, value),
    together: ctx.together,
  };
}

/** `ctx` a second time: the numbers that were drawn, and no statistic counted twice. */
function again(ctx: ForwardContext, drawn: readonly tf.Tensor[]): ForwardContext {
  let next = 0;
  return {
    training: ctx.training,
    uniform: () => drawn[next++]!,
    prepared: (of, value) => ctx.prepared(of, value),
    update: () => {},
    together: ctx.together,
  };
}

/** Gradients of `fn`, within a backward pass; zero for an input that `fn` does not depend on. */
function gradientsOf(fn: () => tf.Tensor, inputs: readonly tf.Tensor[], dy: tf.Tensor): tf.Tensor[] {
  const { state } = tf.engine();
  const tape = state.activeTape; // of the pass around this one: tfjs forgets it at the end of an inner one
  try {
    const { grads } = tf.engine().gradients(fn, [...inputs], dy, true);
    return grads.map((gradient: tf.Tensor | undefined, i) => gradient ?? tf.zerosLike(inputs[i]!));
  } finally {
    state.activeTape = tape;
  }
}
