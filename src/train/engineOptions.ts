import type { Engine } from '../config/schema.js';
import type { EngineOptions } from '../tensorflow/config.js';

/** Settings of TensorFlow as the engine takes them. */
export function engineOptions({ threads, fuse, ...rest }: Engine): EngineOptions {
  return {
    ...rest,
    maxTraces: Number.POSITIVE_INFINITY, // what is configured has few shapes: data.maxShapes
    ...(threads === null ? {} : { threads }),
    ...(fuse === 'auto' ? {} : { fuse: fuse === 'all' }),
  };
}
