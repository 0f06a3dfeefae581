import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { UsageError } from '../../src/errors.js';
import { refuseOverwriting } from '../../src/run/refuseOverwriting.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

let folder: string;
const at = (name: string) => join(folder, name);

beforeAll(() => {
  folder = temporaryFolder();
  writeFileSync(at('a.json'), '{}');
  writeFileSync(at('b.json'), '{}');
  symlinkSync(at('a.json'), at('link.json'));
  linkSync(at('a.json'), at('second name.json'));
  mkdirSync(at('sub'));
});

it.each(['a.json', 'sub/../a.json', 'link.json', 'second name.json'])('refuses the file that is read: %s', (name) => {
  const outputs = [undefined, at('new.json'), `${folder}/${name}`];
  expect(() => refuseOverwriting(outputs, [undefined, at('b.json'), at('a.json')])).toThrow(UsageError);
});

it('lets pass what is new, what is another file, and a folder that is on both sides', () => {
  refuseOverwriting([at('new.json'), at('b.json'), at('sub')], [at('a.json'), at('new.json'), at('sub')]);
});
