/** Who trains together, as the environment says it. */
import { z } from 'zod';
import { ClusterError } from '../errors.js';

/** The workers of a run. */
export interface Cluster {
  /** `host:port` of each worker, where TensorFlow's server of it listens. Worker 0 writes the run folder. */
  readonly addresses: readonly string[];
  /** Which of them this process is. */
  readonly index: number;
}

const Addresses = z.array(z.string());
const TfConfig = z.object({
  cluster: z.record(z.string(), Addresses),
  task: z.object({ type: z.string(), index: z.coerce.number().int() }),
});

/** Jobs of a cluster whose tasks train; the first one has worker 0. */
const trainingJobs = ['chief', 'master', 'worker'] as const;

/**
 * The cluster that `TF_CONFIG` describes, as Kubeflow's TFJob, SageMaker and Vertex set it; null where it is not set, or
 * where it names one worker alone.
 *
 * A chief (or master) is worker 0, the tasks of the job `worker` come after it.
 *
 * @throws ClusterError saying in a sentence what is wrong with it
 */
export function clusterFromEnvironment({ TF_CONFIG: text }: NodeJS.ProcessEnv): Cluster | null {
  if (text === undefined || text.trim() === '') return null;
  const { cluster, task } = parse(text);
  const jobs = trainingJobs.filter((job) => cluster[job] !== undefined);
  if (cluster.ps !== undefined) throw wrong('it has parameter servers ("ps"), and cmtdet trains with workers alone');
  if (jobs.length === 0) throw wrong('its cluster has no job called worker');
  const tasks = jobs.flatMap((job) => cluster[job]!.map((address, index) => ({ job, index, address })));
  const index = tasks.findIndex((other) => other.job === task.type && other.index === task.index);
  if (index === -1) {
    const count = cluster[task.type]?.length;
    throw wrong(
      jobs.includes(task.type as (typeof trainingJobs)[number])
        ? `task.index is ${task.index}, and the job ${task.type} has ${count} task${count === 1 ? '' : 's'}, counted from 0`
        : `task.type is ${task.type}; expected ${jobs.join(' or ')}`,
    );
  }
  const addresses = tasks.map(({ address }) => address);
  checkAddresses(addresses);
  return addresses.length === 1 ? null : { addresses, index };
}

/** The value of `TF_CONFIG` that gives a cluster again. */
export function toTfConfig({ addresses, index }: Cluster): string {
  return JSON.stringify({ cluster: { worker: addresses }, task: { type: 'worker', index } });
}

/** Calls a worker in messages: `worker 1 (10.0.0.2:2222)`. */
export const nameOf = ({ addresses }: Cluster, index: number): string => `worker ${index} (${addresses[index]})`;

function parse(text: string): z.infer<typeof TfConfig> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw wrong(`it is not JSON (${error instanceof Error ? error.message : error})`);
  }
  const parsed = TfConfig.safeParse(json);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  throw wrong(`${z.core.toDotPath(path) || 'its value'}: ${message}`);
}

function checkAddresses(addresses: readonly string[]): void {
  for (const [i, address] of addresses.entries()) {
    const { port } = splitAddress(address);
    if (!(port >= 1 && port <= 65535)) throw wrong(`the address ${address} is not HOST:PORT`);
    const first = addresses.indexOf(address);
    if (first !== i) throw wrong(`the address ${address} stands for worker ${first} and worker ${i}`);
  }
}

/** Host and port; the port is NaN where there is none. */
export function splitAddress(address: string): { readonly host: string; readonly port: number } {
  const [, host, port] = /^(.+):(\d+)$/.exec(address) ?? [];
  return { host: (host ?? address).replace(/^\[(.*)\]$/, '$1'), port: Number(port) };
}

const wrong = (reason: string) => new ClusterError(`TF_CONFIG: ${reason}`);
