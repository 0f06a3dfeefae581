/** Tells what an update was like: to the observer each time, to the log now and then. */
import type { Meter } from './meter.js';
import type { Pace } from './pace.js';
import type { RunFolder } from './runFolder.js';
import type { TrainObserver } from './task.js';
import type { Update } from './updater.js';

export class StepReports {
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
    const secondsLeft = secondsPerStep && Math.max(steps - updates, 0) * secondsPerStep;
    const measured = { learningRate, gradientNorm, rate, waiting };
    this.observer.onStep({ epoch, epochs, step: updates, steps, loss, parts, ...measured, secondsLeft });
    const scaling = lossScale && { lossScale: lossScale.scale, overflows: lossScale.overflows };
    if (updates % this.logEvery !== 0) return;
    this.run?.log('train', updates, { epoch, loss, ...parts, ...measured, ...scaling });
  }
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
