import { describe, expect, it, vi } from 'vitest';
import { duration, paint, table } from '../../src/cli/console.js';

describe('table', () => {
  it('names to the left, numbers to the right', () => {
    expect(
      table(
        ['class', 'AP', 'boxes'],
        [
          ['cell', 0.5, 12],
          ['platelet', 0.25, 1234],
        ],
      ),
    ).toMatchInlineSnapshot(`
      "class       AP  boxes
      cell       0.5     12
      platelet  0.25   1234"
    `);
  });

  it('wide characters count two columns', () => {
    expect(
      table(
        ['name', 'n'],
        [
          ['猫', 1],
          ['cat', 2],
        ],
      ),
    ).toBe('name  n\n猫    1\ncat   2');
  });
});

it.each([
  [0.4, '0 s'],
  [119.4, '119 s'],
  [125, '2 min 5 s'],
  [7199.6, '2 h 0 min'],
  [12_000, '3 h 20 min'],
])('duration %f is %s', (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});

it('paint: colours for a terminal', () => {
  for (const name of ['NO_COLOR', 'CI', 'TERM']) vi.stubEnv(name, '');
  expect(paint('red', 'x', { isTTY: true } as NodeJS.WriteStream)).toBe('\u001b[31mx\u001b[39m');
  vi.stubEnv('NO_COLOR', '1');
  expect(paint('red', 'x', { isTTY: true } as NodeJS.WriteStream)).toBe('x');
  vi.unstubAllEnvs();
});

it('paint: no colour where the stream is no terminal', () => {
  expect(paint('red', 'x', { isTTY: false } as NodeJS.WriteStream)).toBe('x');
});
