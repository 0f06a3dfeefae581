import { expect, test } from 'vitest';
import { shortened } from '../../src/formats/shortened.js';

test.each([
  ['cat', 24, 'cat'],
  ['abcdefghijkl', 12, 'abcdefghijkl'],
  ['abcdefghijklm', 12, 'abcdef...klm'],
  [`${'x'.repeat(20_000)}end`, 12, 'xxxxxx...end'],
  ['🐈'.repeat(12), 12, '🐈'.repeat(12)],
  ['🐈'.repeat(13), 12, `${'🐈'.repeat(6)}...${'🐈'.repeat(3)}`],
])('%s in %i letters', (text, most, expected) => expect(shortened(text, most)).toBe(expected));
