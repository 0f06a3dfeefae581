import { expect, it } from 'vitest';
import { trainObserver } from '../../src/cli/trainObserver.js';
import { hearStandardError } from '../support/standardError.js';

const said = hearStandardError();

it('the first epoch is epoch 1, also while it runs; AP 0 is not called best', () => {
  const observer = trainObserver(['AP']);
  const step = { epoch: 0, epochs: 12, step: 3, steps: 120, learningRate: 1e-3, loss: 1, parts: { a: 1 } };
  observer.onStep?.({ ...step, gradientNorm: 1, rate: 8, waiting: 0, secondsLeft: null });
  observer.onEvaluated?.(1, { AP: 0 }, true);
  observer.onEvaluated?.(2, { AP: 0.25 }, true);
  observer.close();
  expect(said().split('\n')).toEqual([
    'epoch 1/12  step 3/120  a 1.0000  lr 1.00e-3  8.0 img/s',
    'epoch 1: AP 0.0000',
    'epoch 2: AP 0.2500  best so far',
    '',
  ]);
});

it('a shape that is traced says why its first step takes longer', () => {
  const observer = trainObserver(['AP']);
  observer.onPreparing?.(1, 8);
  observer.close();
  expect(said()).toBe('preparing shape 1 of 8: its first step takes longer\n');
});
