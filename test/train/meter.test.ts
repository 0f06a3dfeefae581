import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Meter } from '../../src/train/meter.js';

describe('Meter', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
  afterEach(() => void vi.useRealTimers());

  function addStep(meter: Meter, seconds: number, isPreparing = false): void {
    vi.advanceTimersByTime(1000 * seconds);
    meter.step(4, isPreparing);
  }

  /** A step that traces, and steps of so many seconds after it; four pictures each. */
  function stepsOf(tracing: number, ...seconds: number[]): Meter {
    const meter = new Meter();
    addStep(meter, tracing, true);
    for (const time of seconds) addStep(meter, time);
    return meter;
  }

  test('seconds of a step: unknown after the first, which traces; then without it', () => {
    expect(stepsOf(60).secondsPerStep).toBeNull();
    expect(stepsOf(60, 2).secondsPerStep).toBe(2);
    expect(stepsOf(60, 2, 2, 3, 2).secondsPerStep).toBe(2);
  });

  test('pictures a second: those of the tracing step until there is another, then without it', () => {
    expect(stepsOf(40).rate).toBe(0.1);
    expect(stepsOf(40, 2).rate).toBe(2);
  });

  test('a later shape that is traced changes no rate', () => {
    const meter = stepsOf(60, 2, 2);
    addStep(meter, 60, true);
    expect(meter.rate).toBe(2);
    addStep(meter, 4);
    expect(meter.rate).toBe(12 / 8);
  });

  test('rate over the last twenty steps', () => {
    expect(stepsOf(60, 50, ...Array.from({ length: 20 }, () => 2)).rate).toBe(2);
  });

  test('a pause counts for nothing', () => {
    const meter = stepsOf(60, 1, 2);
    vi.advanceTimersByTime(50_000);
    meter.pause();
    addStep(meter, 2);
    expect(meter.secondsPerStep).toBe(2);
    expect(meter.rate).toBe(12 / 5);
  });
});
