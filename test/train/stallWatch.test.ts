import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { parseConfig } from '../../src/config/load.js';
import { runEpochs } from '../../src/train/runEpochs.js';
import { fewOf, StallWatch } from '../../src/train/stallWatch.js';
import { ToyTask } from '../support/toyTask.js';

describe('StallWatch', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());
  const never = () => new Promise<void>(() => {});

  test('speaks once of each wait that is longer than the limit, in the words of that moment', async () => {
    const said: string[] = [];
    const watch = new StallWatch(1, (message) => said.push(message));
    let file = 'a.jpg';
    let end = () => {};
    const wait = watch.during(() => file, new Promise<void>((resolve) => (end = resolve)));
    vi.advanceTimersByTime(50_000);
    expect(said).toEqual([]);
    file = 'b.jpg';
    vi.advanceTimersByTime(600_000);
    expect(said).toEqual(['no progress for 1 minute: waiting for b.jpg']);
    end();
    await wait;
    vi.advanceTimersByTime(600_000); // nothing is waited for
    expect(said).toHaveLength(1);
    void watch.during(() => 'the state', never());
    vi.advanceTimersByTime(90_000);
    expect(said[1]).toMatch(/waiting for the state$/);
  });

  test('progress within a wait begins it anew', () => {
    const said: string[] = [];
    const watch = new StallWatch(1, (message) => said.push(message));
    void watch.during(() => 'val', never());
    for (let i = 0; i < 10; i++) {
      vi.advanceTimersByTime(50_000);
      watch.progress();
    }
    expect(said).toEqual([]);
  });

  test('null: never; closed: no more', () => {
    const said: string[] = [];
    for (const minutes of [null, 1]) {
      const watch = new StallWatch(minutes, (message) => said.push(message));
      void watch.during(() => 'anything', never());
      if (minutes !== null) watch.close();
      vi.advanceTimersByTime(600_000);
    }
    expect(said).toEqual([]);
  });
});

test('in a run: the pictures that do not come, by name', async () => {
  const said: string[] = [];
  let come = () => {};
  const stuck = new Promise<void>((resolve) => {
    come = resolve;
  });
  class StuckTask extends ToyTask {
    override async *batches(epoch: number, skip: number) {
      await stuck;
      yield* super.batches(epoch, skip);
    }
  }
  const text =
    '{ task: classification, model: { backbone: { name: cmt, variant: cmt_ti } }, data: { train: x }, train: { stallMinutes: 0.001, maxSteps: 1 } }';
  const onWarning = (message: string) => {
    said.push(message);
    come();
  };
  const observer = { onPreparing() {}, onStep() {}, onEvaluating() {}, onEvaluated() {}, onWarning };
  await runEpochs(new StuckTask(), { config: parseConfig(text, 'test'), run: null, resume: false, observer });
  expect(said[0]).toMatch(/^no progress for .* waiting for pictures to be read: a\.jpg$/);
});

test('of many names the first four, and how many more', () => {
  expect(fewOf(['a', 'b'])).toBe('a, b');
  expect(fewOf(['a', 'b', 'c', 'd', 'e', 'f'])).toBe('a, b, c, d and 2 more');
});
