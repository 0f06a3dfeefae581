import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../src/config/load.js';
import { EarlyStopping } from '../../src/train/earlyStopping.js';
import { runEpochs } from '../../src/train/runEpochs.js';
import { RunFolder } from '../../src/train/runFolder.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { ToyTask } from '../support/toyTask.js';

/** How many of the measurements are made before the run is over. */
function lasts(values: readonly (number | null)[], settings: { metric?: string; patience: number; minDelta?: number }) {
  const early = new EarlyStopping({ metric: null, minDelta: 0, ...settings }, 'AP');
  const end = values.findIndex((value) => {
    early.add({ [settings.metric ?? 'AP']: value });
    return early.reason !== null;
  });
  return { measurements: end + 1, reason: early.reason };
}

describe('EarlyStopping', () => {
  test('patience 2: over after the second measurement in a row that is no better than the best', () => {
    expect(lasts([0.1, 0.3, 0.2, 0.31, 0.3, 0.31, 0.9], { patience: 2 })).toEqual({
      measurements: 6,
      reason: 'AP has not been better than 0.3100 for 2 measurements',
    });
  });

  test('minDelta: a smaller gain is none', () => {
    const { measurements, reason } = lasts([0.3, 0.305, 0.309], { patience: 2, minDelta: 0.01 });
    expect([measurements, reason]).toEqual([
      3,
      'AP has not been better than 0.3000 by more than 0.01 for 2 measurements',
    ]);
  });

  test('of a loss, less is better', () => {
    expect(lasts([2, 1, 0.5, 0.6], { metric: 'loss', patience: 1 })).toEqual({
      measurements: 4,
      reason: 'loss has not been better than 0.5000 for 1 measurement',
    });
  });

  test('what was not measured is no better', () => {
    expect(lasts([null, null], { patience: 2 }).measurements).toBe(2);
  });
});

describe('in a run', () => {
  const base = `
task: classification
model: { backbone: { name: cmt, variant: cmt_ti } }
data: { train: somewhere, val: somewhere }
train:
  epochs: 6
  batchSize: 2
  earlyStopping: { metric: null, patience: 2 }
  schedule: { name: constant }
`;
  const metrics = [0.1, 0.5, 0.4, 0.3, 0.9, 0.9];

  async function run(path: string, resume: boolean, measured: readonly number[], set: string[] = []) {
    const config = parseConfig(base, 'test', set);
    const folder = resume ? RunFolder.open(path, 'toy') : await RunFolder.create(path, 'toy', config);
    let ended = '';
    const onEarlyEnd = (reason: string) => {
      ended = reason;
    };
    const observer = { onPreparing() {}, onStep() {}, onEvaluating() {}, onEvaluated() {}, onWarning() {}, onEarlyEnd };
    const task = new ToyTask({ metrics: measured });
    try {
      await runEpochs(task, { config, run: folder, resume, observer });
    } finally {
      folder.close();
    }
    return { measured: task.evaluated.length, ended };
  }

  test('it ends after the second measurement in vain, with its reason; resumed it stays ended', async () => {
    const path = join(temporaryFolder(), 'run');
    expect(await run(path, false, metrics)).toEqual({
      measured: 4,
      ended: 'score has not been better than 0.5000 for 2 measurements',
    });
    expect(await run(path, true, metrics)).toMatchObject({ measured: 0, ended: expect.stringContaining('0.5000') });
  });

  test('patience counts over a resumption', async () => {
    const path = join(temporaryFolder(), 'run');
    await run(path, false, metrics, ['train.maxSteps=12']); // three epochs: one measurement in vain
    expect(await run(path, true, metrics.slice(3))).toEqual({ measured: 1, ended: expect.stringContaining('0.5000') });
  });
});

test.each([
  ['data.val=null', 'nothing is measured without data.val'],
  ['train.earlyStopping.metric=loss', 'the loss on val is measured only where validationLoss is true'],
  ['train.earlyStopping.metric=mAP', 'expected one of top1, top5, loss'],
])('%s: refused', (set, message) => {
  const text = `
task: classification
model: { backbone: { name: cmt, variant: cmt_ti } }
data: { train: somewhere, val: somewhere }
train: { earlyStopping: { patience: 3 } }
`;
  expect(() => parseConfig(text, 'test', [set])).toThrow(message);
});
