import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Meter } from '../../src/train/meter.js';

describe('Meter', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
  afterEach(() => void vi.useRealTimers());

  /** Steps of so many seconds, four pictures each. */
  function stepsOf(...seconds: number[]): Meter {
    const meter = new Meter();
    for (const time of seconds) {
      vi.advanceTimersByTime(1000 * time);
      meter.step(4);
    }
    return meter;
  }

  test('seconds of a step: unknown after the first, which traces; then without it', () => {
    expect(stepsOf(60).secondsPerStep).toBeNull();
    expect(stepsOf(60, 2).secondsPerStep).toBe(2);
    expect(stepsOf(60, 2, 2, 3, 2).secondsPerStep).toBe(2);
  });

  test('rate over the last twenty steps', () => {
    expect(stepsOf(60, ...Array.from({ length: 20 }, () => 2)).rate).toBe(2);
  });

  test('a pause counts for nothing', () => {
    const meter = stepsOf(1, 2);
    vi.advanceTimersByTime(50_000);
    meter.pause();
    vi.advanceTimersByTime(2000);
    meter.step(4);
    expect(meter.secondsPerStep).toBe(2);
    expect(meter.rate).toBe(12 / 5);
  });
});
