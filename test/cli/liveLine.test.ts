import { afterEach, expect, it, vi } from 'vitest';
import { LiveLine } from '../../src/cli/liveLine.js';

afterEach(() => vi.restoreAllMocks());

it('off a terminal: one plain line for each stretch of time, and lines to keep at once', () => {
  let said = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    said += text;
    return true;
  });
  const clock = vi.spyOn(performance, 'now');
  const line = new LiveLine(1000);
  for (const ms of [0, 10, 900, 1001, 1500]) {
    clock.mockReturnValue(ms);
    line.update(`at ${ms}`);
  }
  line.keep('kept');
  line.update('next');
  line.clear();
  expect(said).toBe('at 0\nat 1001\nkept\nnext\n');
});
