/** Tells what an update was like: to the observer each time, to the log now and then. */
import type { LossScale } from './lossScale.js';
import type { Meter } from './meter.js';
import type { Pace } from './pace.js';
import type { RunFolder } from './runFolder.js';
import type { Progress } from './state.js';
import type { StepResult } from './step.js';
import type { TrainObserver } from './task.js';

export class StepReports {
  /** @param logEvery steps between two lines of the log */
  constructor(
    private readonly run: RunFolder,
    private readonly observer: TrainObserver,
    private readonly meter: Meter,
    private readonly pace: Pace,
    private readonly logEvery: number,
  ) {}

  /** @param results of the finite batches of the update; the last one's gradient is that of the update */
  report(
    { epoch, updates }: Progress,
    results: readonly StepResult<string>[],
    learningRate: number,
    lossScale: LossScale | null,
  ): void {
    const { epochs, steps } = this.pace;
    const { rate, waiting, secondsPerStep } = this.meter;
    const loss = mean(results.map((result) => result.loss));
    const names = Object.keys(results[0]!.parts);
    const parts = Object.fromEntries(names.map((name) => [name, mean(results.map((result) => result.parts[name]!))]));
    const { gradientNorm } = results.at(-1)!;
    const secondsLeft = secondsPerStep && Math.max(steps - updates, 0) * secondsPerStep;
    const measured = { learningRate, gradientNorm, rate, waiting };
    this.observer.onStep({ epoch, epochs, step: updates, steps, loss, parts, ...measured, secondsLeft });
    if (updates % this.logEvery !== 0) return;
    this.run.log('train', updates, { epoch, loss, ...parts, ...measured, ...scaling(lossScale) });
  }
}

/** For the log: the scale, and how many batches were left out for it so far. */
function scaling(lossScale: LossScale | null) {
  if (lossScale === null) return {};
  const { scale, overflows } = lossScale.state;
  return { lossScale: scale, overflows };
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
