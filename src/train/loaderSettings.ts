/** What a config says of both kinds of loaders. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../config/schema.js';
import type { CacheOptions } from '../data/cache/options.js';
import { cacheFolder } from '../tensorflow/install/locate.js';

export function cacheOptions({
  cache,
  cacheGiB,
}: Pick<Config['data'], 'cache' | 'cacheGiB'>): CacheOptions | undefined {
  const maxBytes = cacheGiB * 2 ** 30;
  if (cache === 'memory') return { kind: 'memory', maxBytes };
  if (cache === 'disk') return { kind: 'disk', maxBytes, folder: join(cacheFolder(), 'pictures') };
  return undefined;
}

/** Threads that decode: one core is left to the loop, which starts the steps and assigns the targets. */
export function workerCount(configured: number | null): number {
  return configured ?? Math.min(8, Math.max(1, availableParallelism() - 1));
}
