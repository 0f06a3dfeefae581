import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { jsonLines } from '../../src/formats/jsonLines.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

const file = join(temporaryFolder(), 'lines.jsonl');

it.each([
  ['whole lines', '{"a":1}\n{"a":2}\n', [{ a: 1 }, { a: 2 }]],
  ['a last line that was cut off', '{"a":1}\n{"a":', [{ a: 1 }]],
  ['one in the middle, and an empty one', '{"a":1}\n{"a":{"a":2}\n\n3\n', [{ a: 1 }, 3]],
  ['nothing', '', []],
])('%s', (_, text, values) => {
  writeFileSync(file, text);
  expect(jsonLines(file)).toEqual(values);
});

it('no file: no lines', () => {
  expect(jsonLines(join(file, 'none'))).toEqual([]);
});
