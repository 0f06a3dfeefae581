/** How the exchange with other workers fits into a training step. */
import type { OperationTiming } from '../tensorflow/timings.js';
import type { Workers } from '../train/workers.js';

/** Milliseconds of one step of this worker. */
export interface Exchange {
  readonly workers: number;
  /** Which of them this one is. */
  readonly index: number;
  /** At least one operation of this worker's own part runs. */
  readonly computingMs: number;
  /** An exchange is under way: until the last worker takes part in it, and from then on. */
  readonly waitingMs: number;
  readonly movingMs: number;
  /** Of both, beside computing. */
  readonly hiddenMs: number;
}

/** @param recordings operations of each run, in order of start; the exchanges are the same ones in all workers */
export async function exchangeOf(
  recordings: readonly (readonly OperationTiming[])[],
  steps: number,
  workers: Pick<Workers, 'index' | 'gatherJson'>,
): Promise<Exchange> {
  const own = recordings.map((operations) => operations.filter(isExchange));
  const durations = own.map((operations) => operations.map(({ durationUs }) => durationUs));
  const everyone = await workers.gatherJson(durations);
  // They end together, so the one that comes last has the shortest: the others wait for it meanwhile.
  const moving = durations.map((run, i) => run.map((_, j) => Math.min(...everyone.map((other) => other[i]![j]!))));
  const perStep = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / steps;
  const computingMs = perStep(recordings.map((operations) => busyMs(operations.filter(isComputing))));
  const exchangingMs = perStep(own.map(busyMs));
  const movingMs = perStep(moving.flat()) / 1000;
  return {
    workers: everyone.length,
    index: workers.index,
    computingMs,
    waitingMs: Math.max(0, exchangingMs - movingMs),
    movingMs,
    hiddenMs:
      computingMs +
      exchangingMs -
      perStep(recordings.map((all) => busyMs(all.filter((one) => isExchange(one) || isComputing(one))))),
  };
}

const isExchange = ({ type }: OperationTiming): boolean => type.startsWith('Collective');
/** A `RecvBuf` is a part of an exchange: the arrival of another worker's numbers. */
const isComputing = (operation: OperationTiming): boolean => !isExchange(operation) && operation.type !== 'RecvBuf';

/** Time in which at least one operation runs, in milliseconds. `operations` in order of start. */
export function busyMs(operations: readonly OperationTiming[]): number {
  let busyUs = 0;
  let coveredUntil = Number.NEGATIVE_INFINITY;
  for (const { startUs, durationUs } of operations) {
    const endUs = startUs + durationUs;
    if (endUs <= coveredUntil) continue;
    busyUs += endUs - Math.max(startUs, coveredUntil);
    coveredUntil = endUs;
  }
  return busyUs / 1000;
}
