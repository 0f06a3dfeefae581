import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, expect, test } from 'vitest';
import { runClassesCheck } from '../../src/cli/dataCheckClasses.js';
import { outputOf } from '../support/standardOutput.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

afterEach(() => {
  process.exitCode = undefined;
});

test('class folders: counts, sizes, and the pictures that cannot be read', async () => {
  const folder = temporaryFolder();
  for (const [name, side] of [
    ['cat', 20],
    ['dog', 30],
  ] as const) {
    mkdirSync(join(folder, name));
    const picture = sharp({ create: { width: side, height: 10, channels: 3, background: 'red' } });
    await picture.jpeg().toFile(join(folder, name, 'a.jpg'));
  }
  writeFileSync(join(folder, 'dog', 'b.jpg'), '<html>');
  writeFileSync(join(folder, 'dog', 'notes.txt'), 'woof');
  const health = JSON.parse(await outputOf(() => runClassesCheck(folder, { json: true })));
  expect(health).toMatchObject({
    pictures: 3,
    classes: [
      { name: 'cat', pictures: 1 },
      { name: 'dog', pictures: 2 },
    ],
    smallest: { width: 20, height: 10 },
    largest: { width: 30, height: 10 },
    warnings: ['1 files are no pictures, by their endings: left out (dog/notes.txt)'],
  });
  expect(health.bad).toHaveLength(1);
  expect(health.bad[0].file).toContain('b.jpg');
  expect(process.exitCode).toBe(1);
});
