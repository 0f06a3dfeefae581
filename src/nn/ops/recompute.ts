/** Memory for time: activations that are computed again in the backward pass instead of being kept for it. */
import * as tf from '@tensorflow/tfjs-core';
import { InTurn } from '../../tensorflow/runOrder.js';
import type { ForwardContext } from '../module.js';
import { withGradient } from './gradient.js';

export interface RecomputeOptions {
  /** Weights that `fn` reads by itself. */
  readonly weights?: readonly tf.Tensor[];
  /** The pieces that must not run at the same time as this one, neither forward nor backward: each waits for the one before. */
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
      // Waits until its gradient has been computed: activations that are made earlier would only take up memory.
      return turn.run([dy], () => gradientsOf(run, [...given, ...weights], dy));
    },
  );
}

/** A context that does what `ctx` does, and remembers the random numbers that it gives. */
function remembering(ctx: ForwardContext, drawn: tf.Tensor[]): ForwardContext {
  return {
    training: ctx.training,
    uniform(shape) {
      const numbers = ctx.uniform(shape);
      drawn.push(numbers);
      return numbers;
    },
    prepared: (of, value) => ctx.prepared(of, value),
    update: (statistic, value, rows) => ctx.update(statistic, value, rows),
    momentum: ctx.momentum,
    together: ctx.together,
  };
}

/** A context for running the same layers again: it gives the random numbers that `ctx` gave the first time, and updates no statistic. */
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
  const tape = state.activeTape; // kept from the outer backward pass, since tfjs clears this at the end of an inner one
  try {
    const { grads } = tf.engine().gradients(fn, [...inputs], dy, true);
    return grads.map((gradient: tf.Tensor | undefined, i) => gradient ?? tf.zerosLike(inputs[i]!));
  } finally {
    state.activeTape = tape;
  }
}
