import type { Config } from '../config/schema.js';
import { clusterFromEnvironment } from '../distributed/cluster.js';
import { engineOptions } from '../train/engineOptions.js';
import { Workers } from '../train/workers.js';
import { note } from './console.js';

/** The workers that `TF_CONFIG` names, all of them running; undefined where this process trains alone. */
export async function joinWorkers({ engine, train }: Config): Promise<Workers | undefined> {
  const cluster = clusterFromEnvironment(process.env);
  if (cluster === null) return undefined;
  const workers = await Workers.join(cluster, engineOptions(engine), {
    timeout: train.workerTimeout,
    onWaiting: (worker) => note(`waiting for ${worker}`),
  });
  if (workers.index === 0) note(`${workers.count} workers, this is the first: ${cluster.addresses[0]}`);
  return workers;
}
