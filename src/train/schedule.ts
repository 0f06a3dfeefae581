/**
 * Learning rates, as pure functions of the step. Steps are the places that updates of the parameters have in the epochs of a run, counted
 * from 0; one that was left out, because it was not finite, has had its place too.
 */
import type { Config } from '../config/schema.js';

export type Schedule = Config['train']['schedule'];
type Named<Name extends Schedule['name']> = Extract<Schedule, { readonly name: Name }>;

/** What a rate is relative to. Epochs may differ in length: `sampler: repeatFactor` draws another number of pictures each time. */
export interface RunLength {
  /** `train.epochs`: without the epochs at the last rate that a schedule adds. null: time alone ends the run. */
  readonly epochs: number | null;
  /** The first step of each epoch, those at the last rate too, and at the end the number of steps; without an end, only of the warm-up's epochs. */
  readonly starts: readonly number[];
}

/** @param stepsIn updates of an epoch */
export function runLength(schedule: Schedule, epochs: number | null, stepsIn: (epoch: number) => number): RunLength {
  const starts = [0];
  const warmup = 'warmupEpochs' in schedule ? Math.ceil(schedule.warmupEpochs ?? 0) : 0;
  const counted = epochs === null ? warmup : totalEpochs(schedule, epochs);
  for (let epoch = 0; epoch < counted; epoch++) starts.push(starts[epoch]! + stepsIn(epoch));
  return { epochs, starts };
}

/** The step at which so many epochs are over; a part of an epoch is the same part of its steps. */
function stepAt({ starts }: RunLength, epochs: number): number {
  const whole = Math.min(Math.floor(epochs), starts.length - 1);
  const length = (starts[whole + 1] ?? starts[whole]!) - starts[whole]!;
  return starts[whole]! + (epochs - whole) * length;
}

/** The epoch, from 0, that a step belongs to. */
function epochOf({ starts }: RunLength, step: number): number {
  return starts.findLastIndex((start) => start <= step);
}

/**
 * The rate for a batch, from the rate that is right for `baseBatch` pictures (null: for any).
 *
 * Source: Goyal et al., "Accurate, Large Minibatch SGD" (2017), linear scaling rule.
 *
 * @param batch pictures in an update, over all machines and accumulated steps
 */
export function scaledRate(lr: number, baseBatch: number | null, batch: number): number {
  return baseBatch === null ? lr : (lr * batch) / baseBatch;
}

/** Epochs of a run: `epochs`, and those at the last rate. */
export function totalEpochs(schedule: Schedule, epochs: number): number {
  return 'cooldownEpochs' in schedule ? epochs + schedule.cooldownEpochs : epochs;
}

/**
 * The rate of one step. A run whose time is limited is as far as its steps or its time, whichever is further; its warm-up goes by steps.
 *
 * @param base full rate, scaled for the batch
 * @param timeShare of the time that the run has, how much is over; 0 where time does not count
 */
export function learningRate(schedule: Schedule, base: number, length: RunLength, step: number, timeShare = 0): number {
  const { epochs, starts } = length;
  if (epochs === null) return rateOfTime(schedule, base, length, step, timeShare);
  const rateAt = (place: number) => rateOfStep(schedule, base, { epochs, starts }, place);
  return timeShare === 0 ? rateAt(step) : Math.min(rateAt(step), rateAt(Math.max(step, timeShare * starts.at(-1)!)));
}

/** Where nothing but time ends a run: step by step through the warm-up, then by time. */
function rateOfTime(schedule: Schedule, base: number, length: RunLength, step: number, timeShare: number): number {
  if (schedule.name !== 'cosine' && schedule.name !== 'constant')
    throw new RangeError(`${schedule.name} needs a number of epochs`);
  const warm = warmedUp(schedule, base, length, step);
  return schedule.name === 'constant' ? warm : Math.min(warm, halfCosine(base, schedule.minLr, Math.min(1, timeShare)));
}

/** A run whose epochs are counted. */
type Counted = RunLength & { readonly epochs: number };

function rateOfStep(schedule: Schedule, base: number, length: Counted, step: number): number {
  switch (schedule.name) {
    case 'cosine':
      return cosineRate(schedule, base, length, step);
    case 'authorsCosine':
      // The authors move their schedule after an epoch, by that epoch's number: epochs 0 and 1 both have the rate of 0.
      return authorsCosineRate(schedule, base, length.epochs, Math.max(0, epochOf(length, step) - 1));
    case 'unshiftedCosine':
      return unshiftedCosineRate(schedule, base, length, step);
    case 'step':
      return stepRate(schedule, base, length, step);
    case 'constant':
      return warmedUp(schedule, base, length, step);
  }
}

/**
 * Linear from the first rate to the full one, then half a cosine down to the last one.
 *
 * Source: Loshchilov and Hutter, "SGDR" (2017), without restarts.
 */
function cosineRate(schedule: Named<'cosine'>, base: number, length: Counted, step: number): number {
  const warmup = warmupSteps(schedule, length);
  if (step < warmup) return warmedUp(schedule, base, length, step);
  const progress = Math.min(1, (step - warmup) / (stepAt(length, length.epochs) - warmup));
  return halfCosine(base, schedule.minLr, progress);
}

/**
 * The rate that the CMT authors' scheduler gives at its epoch `t`: linear warm-up, and then straight onto a cosine that began
 * at epoch 0, so that the full rate is never reached.
 *
 * Source: timm 0.4's `CosineLRScheduler` without `warmup_prefix`, as huawei-noah's cmt_pytorch calls it.
 */
export function authorsCosineRate(
  { warmupEpochs, warmupLr, minLr }: Omit<Named<'authorsCosine'>, 'name' | 'cooldownEpochs'>,
  base: number,
  epochs: number,
  t: number,
): number {
  if (t < warmupEpochs) return warmupLr + (t * (base - warmupLr)) / warmupEpochs;
  return t < epochs ? halfCosine(base, minLr, t / epochs) : minLr;
}

/**
 * Step by step, with a cosine that counts from the first step but is as long as the run without its warm-up: it reaches zero
 * a warm-up before the end and rises a little again.
 *
 * Source: `cosine_learning_rate` of FlyEgle/CMT-pytorch, whose published 75.1 % belong to it.
 */
function unshiftedCosineRate(
  { warmupEpochs }: Named<'unshiftedCosine'>,
  base: number,
  length: Counted,
  step: number,
): number {
  const warmup = stepAt(length, warmupEpochs);
  if (step < warmup) return base * ((step + 1) / warmup + 1e-6);
  return halfCosine(base, 0, step / stepAt(length, length.epochs - warmupEpochs));
}

/** The full rate, multiplied by a factor at each milestone. Where the warm-up reaches past a milestone, both factors apply. */
function stepRate(schedule: Named<'step'>, base: number, length: RunLength, step: number): number {
  const epoch = epochOf(length, step);
  const passed = schedule.milestones.filter((milestone) => epoch >= milestone).length;
  return warmedUp(schedule, base, length, step) * schedule.factor ** passed;
}

type Warmup = Pick<Named<'constant'>, 'warmupSteps' | 'warmupEpochs' | 'warmupFactor' | 'warmupLr'>;

/** `base`, or in the warm-up a rate on the line from the first one, which has step 0, to `base`, which has the first step after. */
function warmedUp(schedule: Warmup, base: number, length: RunLength, step: number): number {
  const steps = warmupSteps(schedule, length);
  if (step >= steps) return base;
  const first = schedule.warmupLr ?? base * schedule.warmupFactor;
  return first + ((base - first) * step) / steps;
}

function warmupSteps({ warmupEpochs, warmupSteps }: Warmup, length: RunLength): number {
  return warmupEpochs === null ? warmupSteps : Math.round(stepAt(length, warmupEpochs));
}

/** From `high` at progress 0 to `low` at 1. */
function halfCosine(high: number, low: number, progress: number): number {
  return low + ((high - low) * (1 + Math.cos(Math.PI * progress))) / 2;
}
