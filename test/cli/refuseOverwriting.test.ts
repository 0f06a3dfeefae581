import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { refuseOverwriting } from '../../src/cli/refuseOverwriting.js';
import { UsageError } from '../../src/errors.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

test('the same file, by its name, another way to write it, or a link', () => {
  const folder = temporaryFolder();
  const [input, link, other] = ['a.json', 'link.json', 'b.json'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(input, '{}');
  symlinkSync(input, link);
  for (const output of [input, `${folder}/./a.json`, link])
    expect(() => refuseOverwriting(output, [undefined, input])).toThrow(UsageError);
  refuseOverwriting(other, [undefined, input]);
});
