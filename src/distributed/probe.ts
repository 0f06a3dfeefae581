/** Whether the workers of a cluster are there: asked of TensorFlow's own gRPC service, which each of them runs. */
import { type ClientHttp2Session, connect } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import { WorkerLostError } from '../errors.js';
import { type Cluster, nameOf } from './cluster.js';

/** What a worker answers with: it runs; nobody listens at its address; the address takes calls and nothing answers. */
export type Answer = 'runs' | 'absent' | 'silent';

/** Between two questions to a worker that has not come yet. */
const againMs = 200;

/** An empty gRPC message: not compressed, no bytes. */
const emptyMessage = Buffer.alloc(5);

/**
 * Asks a worker for its status (`tensorflow.WorkerService/GetStatus`).
 *
 * @param patienceMs how long an answer may take
 */
export async function askWorker(address: string, patienceMs: number): Promise<Answer> {
  let session: ClientHttp2Session | undefined;
  let connected = false;
  try {
    return await new Promise<Answer>((resolve) => {
      const timer = setTimeout(() => resolve(connected ? 'silent' : 'absent'), patienceMs);
      const settle = (answer: Answer) => {
        clearTimeout(timer);
        resolve(answer);
      };
      session = connect(`http://${address}`);
      session.once('connect', () => {
        connected = true;
      });
      session.on('error', () => settle('absent'));
      session.on('close', () => settle('absent')); // what stands before a worker may take the call, and drop it
      const request = session.request({
        ':method': 'POST',
        ':path': '/tensorflow.WorkerService/GetStatus',
        'content-type': 'application/grpc',
        te: 'trailers',
      });
      request.on('error', () => settle('absent'));
      request.once('response', () => settle('runs'));
      request.end(emptyMessage);
    });
  } finally {
    session?.destroy();
  }
}

/**
 * Waits until all workers of the cluster run.
 *
 * @param timeout seconds
 * @param onWaiting told once for each worker that is not there at first
 * @throws WorkerLostError naming those that have not come in time
 */
export async function waitForWorkers(
  cluster: Cluster,
  timeout: number,
  onWaiting: (worker: string) => void = () => {},
): Promise<void> {
  const end = performance.now() + 1000 * timeout;
  const others = othersOf(cluster);
  const came = await Promise.all(
    others.map(async (index) => {
      for (let asked = 0; performance.now() < end; asked++) {
        if ((await askWorker(cluster.addresses[index]!, Math.max(1, end - performance.now()))) === 'runs') return true;
        if (asked === 0) onWaiting(nameOf(cluster, index));
        await sleep(againMs);
      }
      return false;
    }),
  );
  const missing = others.filter((_, i) => !came[i]).map((index) => nameOf(cluster, index));
  if (missing.length === 0) return;
  throw new WorkerLostError(
    `${missing.join(', ')} did not start within ${timeout} s: is it running, and is its address reachable from here?`,
  );
}

/** Between two looks at the workers, while one waits for them. */
const watchMs = 2000;

/**
 * Looks after the other workers until `signal` ends it.
 *
 * @param timeout seconds within which each must have answered
 * @throws WorkerLostError when one is gone or hangs
 */
export async function watchWorkers(cluster: Cluster, timeout: number, signal: AbortSignal): Promise<never> {
  for (;;) {
    await sleep(watchMs, undefined, { ref: false });
    if (signal.aborted) return new Promise(() => {}); // nobody waits for it any more
    const lost = await lostWorkers(cluster, 1000 * timeout);
    if (lost.length > 0 && !signal.aborted) throw new WorkerLostError(lost.join('; '));
  }
}

/** How long a worker that runs takes to answer, at most. */
const answerMs = 5000;

/**
 * Says which worker is to blame after an operation with all of them has failed.
 *
 * @param reason what TensorFlow said
 */
export async function blame(cluster: Cluster, timeout: number, reason: string): Promise<WorkerLostError> {
  const lost = await lostWorkers(cluster, answerMs);
  const others = othersOf(cluster).map((index) => nameOf(cluster, index));
  return new WorkerLostError(
    lost.length > 0
      ? lost.join('; ')
      : `${others.join(' or ')} ${others.length === 1 ? 'runs, but' : 'did not take part in a step: all run, but one'} was more than ${timeout} s late, or failed by itself (${reason})`,
  );
}

const othersOf = ({ addresses, index: own }: Cluster): number[] =>
  addresses.map((_, index) => index).filter((index) => index !== own);

/** What is wrong with each of the other workers that does not answer as it should. */
async function lostWorkers(cluster: Cluster, patienceMs: number): Promise<string[]> {
  const answers = await Promise.all(
    othersOf(cluster).map(async (index) => ({ index, answer: await askWorker(cluster.addresses[index]!, patienceMs) })),
  );
  return answers
    .filter(({ answer }) => answer !== 'runs')
    .map(({ index, answer }) =>
      answer === 'absent'
        ? `${nameOf(cluster, index)} is gone: nobody listens at its address any more`
        : `${nameOf(cluster, index)} hangs: its address takes calls, and nothing answers`,
    );
}
