import type { Config } from '../config/schema.js';
import { clusterFromEnvironment } from '../distributed/cluster.js';
import { engineOptions } from '../train/engineOptions.js';
import { Workers } from '../train/workers.js';

/**
 * The workers that `TF_CONFIG` names, all of them running; undefined where this process trains alone.
 *
 * @param onFact hears who is waited for, and how many there are
 */
export async function joinWorkers(
  { engine, train }: Config,
  onFact: (fact: string) => void,
): Promise<Workers | undefined> {
  const cluster = clusterFromEnvironment(process.env);
  if (cluster === null) return undefined;
  const workers = await Workers.join(cluster, engineOptions(engine), {
    timeout: train.workerTimeout,
    onWaiting: (worker) => onFact(`waiting for ${worker}`),
  });
  if (workers.index === 0) onFact(`${workers.count} workers, this is the first: ${cluster.addresses[0]}`);
  return workers;
}
