/** Tells what an update was like: to the observer each time, to the log now and then. */
import type { Meter } from './meter.js';
import type { LogRecord } from './metricsLog.js';
import type { Pace } from './pace.js';
import type { RunFolder } from './runFolder.js';
import type { Progress } from './state.js';
import type { TrainObserver } from './task.js';
import type { Update } from './updater.js';

/** Numbers of a line of the log beside the loss and its parts. */
const measurements = ['learningRate', 'gradientNorm', 'rate', 'waiting', 'lossScale', 'overflows'] as const;
type Measured = Partial<Readonly<Record<(typeof measurements)[number], number>>>;

const notParts: readonly string[] = ['kind', 'step', 'epoch', 'loss', ...measurements];

/** Names of the parts of the loss in a line that {@link StepReports} wrote to the log. */
export function lossPartsOf(line: LogRecord): string[] {
  return Object.keys(line).filter((name) => !notParts.includes(name) && typeof line[name] === 'number');
}

export class StepReports {
  #waiting: { readonly step: number; readonly record: LogRecord } | undefined;

  /**
   * @param run null on workers that write nothing
   * @param logEvery steps between two lines of the log
   */
  constructor(
    private readonly run: RunFolder | null,
    private readonly observer: TrainObserver,
    private readonly meter: Meter,
    private readonly pace: Pace,
    private readonly logEvery: number,
  ) {}

  report({ progress, results }: Update, learningRate: number): void {
    const { epoch, updates, lossScale } = progress;
    const { epochs, steps } = this.pace;
    const { rate, waiting, secondsPerStep } = this.meter;
    const loss = mean(results.map((result) => result.loss));
    const names = Object.keys(results[0]!.parts);
    const parts = Object.fromEntries(names.map((name) => [name, mean(results.map((result) => result.parts[name]!))]));
    const { gradientNorm } = results.at(-1)!;
    const secondsLeft = this.#secondsLeft(progress, secondsPerStep);
    const measured = { learningRate, gradientNorm, rate, waiting } satisfies Measured;
    this.observer.onStep({ epoch, epochs, step: updates, steps, loss, parts, ...measured, secondsLeft });
    const scaling = lossScale && ({ lossScale: lossScale.scale, overflows: lossScale.overflows } satisfies Measured);
    const record = { epoch, loss, ...parts, ...measured, ...scaling };
    this.#waiting = { step: updates, record };
    if (updates % this.logEvery === 0) this.finish();
  }

  /** Until steps or time end the run, whichever is sooner. */
  #secondsLeft(progress: Progress, secondsPerStep: number | null): number | null {
    const { steps } = this.pace;
    const timeLeft = this.pace.secondsLeft(progress);
    if (steps === null) return timeLeft;
    if (secondsPerStep === null) return null;
    return Math.min(Math.max(steps - progress.updates, 0) * secondsPerStep, timeLeft ?? Number.POSITIVE_INFINITY);
  }

  /** Writes the line of the last step, if it has none yet. */
  finish(): void {
    if (this.#waiting !== undefined) this.run?.log('train', this.#waiting.step, this.#waiting.record);
    this.#waiting = undefined;
  }
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
