/**
 * How a synchronous step scales: a simulation of its buckets, with a few assumptions that docs/distributed.md lists.
 * Times in milliseconds.
 */
import { bucketBytes } from '../src/distributed/buckets.js';
import { Random } from '../src/random.js';

export interface StepFacts {
  /** A step of one worker alone. */
  readonly stepMs: number;
  /** Of gradients. */
  readonly bytes: number;
  /** Of the step after which the first gradient is ready; the others follow evenly until `lastReady`. */
  readonly firstReady: number;
  readonly lastReady: number;
  /** Standard deviation of a worker's step ÷ its mean: the slowest one counts. */
  readonly spread: number;
  /** Exchanges in the middle of the step that nothing can hide: two for each batch normalisation with statistics of all, else 0. */
  readonly exchanges: number;
}

/** A way between workers. */
export interface Link {
  /** Bytes that a worker sends in a millisecond. */
  readonly bytesPerMs: number;
  /** Of one message. */
  readonly latencyMs: number;
}

/** Workers of one machine are joined by `inside`, machines by `between`: the ring goes through the slowest of its links. */
export interface Machines {
  readonly workersEach: number;
  readonly inside: Link;
  readonly between: Link;
}

export interface Scaled {
  readonly workers: number;
  readonly stepMs: number;
  /** Of the averaging of gradients: all of it, and what of it the step waits for. */
  readonly averagingMs: number;
  readonly exposedMs: number;
  readonly waitMs: number;
  readonly exchangesMs: number;
  /** Pictures a second of so many workers ÷ (workers × those of one). */
  readonly efficiency: number;
}

/** A ring all-reduce: 2 (n - 1) rounds, in each of which a worker sends an n-th of the bytes. */
function ringMs(bytes: number, workers: number, { workersEach, inside, between }: Machines): number {
  const { bytesPerMs, latencyMs } = workers > workersEach ? between : inside;
  const rounds = 2 * (workers - 1);
  return rounds * (bytes / workers / bytesPerMs + latencyMs);
}

/** The slowest of so many workers, beyond their mean: the mean over simulated steps. */
function slowestMs({ stepMs, spread }: StepFacts, workers: number): number {
  const random = new Random(1);
  const steps = 5000;
  let sum = 0;
  for (let step = 0; step < steps; step++)
    sum += Math.max(...Array.from({ length: workers }, () => random.normal())) * spread * stepMs;
  return workers === 1 ? 0 : sum / steps;
}

export function scale(facts: StepFacts, workers: number, machines: Machines): Scaled {
  const { stepMs, bytes, firstReady, lastReady } = facts;
  const buckets = Math.max(1, Math.ceil(bytes / bucketBytes));
  const bucketMs = ringMs(bytes / buckets, workers, machines);
  let end = 0;
  for (let bucket = 1; bucket <= buckets; bucket++) {
    const ready = stepMs * (firstReady + ((lastReady - firstReady) * bucket) / buckets);
    end = Math.max(end, ready) + bucketMs; // one after the other
  }
  const exposedMs = Math.max(0, end - stepMs * lastReady);
  const waitMs = slowestMs(facts, workers);
  const exchangesMs = facts.exchanges * ringMs(0, workers, machines);
  const whole = stepMs + exposedMs + waitMs + exchangesMs;
  return {
    workers,
    stepMs: whole,
    averagingMs: buckets * bucketMs,
    exposedMs,
    waitMs,
    exchangesMs,
    efficiency: stepMs / whole,
  };
}
