import type { Config, Engine } from '../config/schema.js';
import type { EngineOptions } from '../tensorflow/config.js';

/** Settings of TensorFlow as the engine takes them. What is left to be chosen is off: {@link chosenForTraining} chooses. */
export function engineOptions({ threads, fuse, xla, mixedPrecision, ...rest }: Engine): EngineOptions {
  return {
    ...rest,
    xla: xla === true,
    mixedPrecision: mixedPrecision === 'auto' ? 'none' : mixedPrecision,
    ...(threads === null ? {} : { threads }),
    ...(fuse === 'auto' ? {} : { fuse: fuse === 'all' }),
  };
}

/** Each shape is compiled for itself, which takes minutes on a GPU. */
const fewShapes = 4;
/** From Volta on, products in float16 have units of their own; TensorFlow's rewriter leaves older cards alone. */
const float16Capability = 7;

/** The settings that a training run takes: `auto` decided by the card, or for there being none. */
export function chosenForTraining<C extends Config>(config: C, card: Card | null): C {
  const { xla, mixedPrecision } = config.engine;
  const shapes = config.task === 'detection' ? config.data.maxShapes : 1;
  const halves = card !== null && (card.capability ?? Number.POSITIVE_INFINITY) >= float16Capability;
  return {
    ...config,
    engine: {
      ...config.engine,
      xla: xla === 'auto' ? card !== null && shapes <= fewShapes : xla,
      mixedPrecision: mixedPrecision === 'auto' ? (halves ? 'float16' : 'none') : mixedPrecision,
    },
  };
}

export interface Card {
  /** NVIDIA's compute capability, 9 for an H100. null: not known, taken for a new one. */
  readonly capability: number | null;
}
