import { expect, it } from 'vitest';
import { nearNames } from '../../src/config/suggest.js';

const known = ['lr', 'batchSize', 'baseBatch', 'epochs', 'weightDecay', 'milestones'];

it.each([
  ['batch_size', ['batchSize']],
  ['batchsize', ['batchSize']],
  ['epoch', ['epochs']],
  ['epcohs', ['epochs']], // two neighbours swapped
  ['weight-deacy', ['weightDecay']],
  ['milestone', ['milestones']],
  ['rl', []], // short names match by chance
  ['frobnicate', []],
])('%s → %j', (word, expected) => {
  expect(nearNames(word, known)).toEqual(expected);
});
