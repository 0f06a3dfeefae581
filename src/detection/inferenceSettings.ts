import { EngineError } from '../errors.js';
import type { InferenceOptions } from './postprocess.js';

const ranges = {
  scoreThreshold: [0, 1, 'from 0 to 1'],
  nmsIou: [0, 1, 'from 0 to 1'],
  maxDetections: [1, Number.POSITIVE_INFINITY, 'of at least 1'],
} as const;

/**
 * What a caller asks for, and for all else what the detector was measured with. What is `undefined` is not asked for.
 *
 * @throws EngineError naming the first number that is out of range
 */
export function inferenceSettings<T extends InferenceOptions>(
  measuredWith: T,
  asked: { readonly [K in keyof InferenceOptions]?: number | undefined },
): T {
  const given = Object.entries(asked).filter(([, value]) => value !== undefined);
  const settings: T = { ...measuredWith, ...Object.fromEntries(given) };
  for (const [name, [least, most, range]] of Object.entries(ranges)) {
    const value: unknown = settings[name as keyof typeof ranges];
    if (typeof value !== 'number' || !(value >= least && value <= most))
      throw new EngineError(`${name}: expected a number ${range}, found ${value}`);
  }
  return settings;
}
