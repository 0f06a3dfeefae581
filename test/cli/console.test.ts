import { describe, expect, it, vi } from 'vitest';
import { duration, fitted, paint, table } from '../../src/cli/console.js';

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

it.each([
  ['short.jpg', 'short.jpg'],
  ['a name of twenty-one', 'a name of twenty-…'],
  ['写真の名前が長い.jpg', '写真の名前が長い.…'], // 16 columns and a dot
  ['x写真の名前が長いの.jpg', 'x写真の名前が長い…'],
])('fitted: %s in 19 columns', (line, shown) => {
  const { isTTY, columns } = process.stderr;
  Object.assign(process.stderr, { isTTY: true, columns: 19 });
  try {
    expect(fitted(line)).toBe(shown);
  } finally {
    Object.assign(process.stderr, { isTTY, columns });
  }
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
