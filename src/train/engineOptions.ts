import type { Config } from '../config/schema.js';
import type { EngineOptions } from '../tensorflow/config.js';

/** Settings of TensorFlow as the engine takes them. */
export function engineOptions({ threads, fuse, ...rest }: Config['engine']): EngineOptions {
  return {
    ...rest,
    ...(threads === null ? {} : { threads }),
    ...(fuse === 'auto' ? {} : { fuse: fuse === 'all' }),
  };
}
