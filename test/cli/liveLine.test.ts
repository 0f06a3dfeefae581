import { expect, it, vi } from 'vitest';
import { LiveLine } from '../../src/cli/liveLine.js';
import { lookingLine } from '../../src/cli/lookingLine.js';
import { hearStandardError } from '../support/standardError.js';

const said = hearStandardError();

it('off a terminal: one plain line for each stretch of time, and lines to keep at once', () => {
  const clock = vi.spyOn(performance, 'now');
  const line = new LiveLine({ plainEveryMs: 1000 });
  for (const ms of [0, 10, 900, 1001, 1500]) {
    clock.mockReturnValue(ms);
    line.update(`at ${ms}`);
  }
  line.keep('kept');
  line.update('next');
  line.clear();
  expect(said()).toBe('at 0\nat 1001\nkept\nnext\n');
});

it('a look at pictures shows nothing in its first second, then how far it is', () => {
  const clock = vi.spyOn(performance, 'now');
  const looked = lookingLine();
  for (const [ms, done] of [
    [5000, 1],
    [5999, 2],
    [6001, 3],
    [7000, 4],
  ] as const) {
    clock.mockReturnValue(ms);
    looked(done, 4);
  }
  expect(said()).toBe('looked at 3 of 4 pictures\n');
});
