import util from 'node:util';
import { expect, test } from 'vitest';
import '../../src/tensorflow/nodeUtil.js';

test('what later Nodes have taken out and tfjs calls is there', () => {
  const { isNullOrUndefined } = util as unknown as { isNullOrUndefined: (value: unknown) => boolean };
  expect([null, undefined, 0, ''].map(isNullOrUndefined)).toEqual([true, true, false, false]);
});
