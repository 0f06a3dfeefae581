import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, expect, test } from 'vitest';
import { runClassesCheck } from '../../src/cli/dataCheckClasses.js';
import { UsageError } from '../../src/errors.js';
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
  const health = JSON.parse(await outputOf(() => runClassesCheck(folder, undefined, { json: true })));
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

test.skipIf(process.platform === 'win32')('a file name that would move the cursor is shown escaped', async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'cat'));
  const picture = sharp({ create: { width: 9, height: 9, channels: 3, background: 'red' } });
  await picture.jpeg().toFile(join(folder, 'cat', '\u001b[2J.jpg'));
  writeFileSync(join(folder, 'cat', '\u001b[3J.jpg'), '<html>');
  const text = await outputOf(() => runClassesCheck(folder, undefined, {}));
  expect(text).not.toContain('\u001b');
  expect(text).toContain('smallest: 9 x 9, cat/\\x1b[2J.jpg');
  expect(text).toContain('\\x1b[3J.jpg: ');
});

test('--no-pixels looks at headers alone', async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'cat'));
  const noise = { type: 'gaussian', mean: 128, sigma: 30 } as const;
  const picture = sharp({ create: { width: 200, height: 100, channels: 3, background: 'red', noise } });
  const whole = await picture.jpeg().toBuffer();
  writeFileSync(join(folder, 'cat', 'cut.jpg'), whole.subarray(0, whole.length / 2));
  const check = async (pixels: boolean) =>
    JSON.parse(await outputOf(() => runClassesCheck(folder, undefined, { json: true, pixels })));
  expect(await check(false)).toMatchObject({ bad: [], largest: { file: 'cat/cut.jpg', width: 200, height: 100 } });
  expect((await check(true)).bad).toHaveLength(1);
});

test('a class without pictures is a warning: this may be the folder to measure on; so are pipes and links that lead nowhere', async () => {
  const folder = temporaryFolder();
  for (const name of ['cat', 'dog']) mkdirSync(join(folder, name));
  await sharp({ create: { width: 9, height: 9, channels: 3, background: 'red' } }).toFile(join(folder, 'cat', 'a.png'));
  execFileSync('mkfifo', [join(folder, 'cat', 'b.png')]);
  symlinkSync('nowhere', join(folder, 'ape'));
  const health = JSON.parse(await outputOf(() => runClassesCheck(folder, undefined, { json: true })));
  expect(health).toMatchObject({
    bad: [],
    classes: [
      { name: 'cat', pictures: 1 },
      { name: 'dog', pictures: 0 },
    ],
    warnings: [
      '2 links that lead nowhere, pipes, devices or sockets were passed over (ape, cat/b.png)',
      '1 classes have no picture here: fine for measuring (dog)',
    ],
  });
  expect(process.exitCode).toBeUndefined();
});

test.each([
  ['images', undefined, 'a folder of pictures (images)'],
  [undefined, { against: 'b.json' }, '--against'],
  [undefined, { clean: 'c.json' }, '--clean'],
  ['images', { clean: 'c.json' }, 'a folder of pictures (images) and --clean'],
])('what a COCO json takes is refused: %s %j', async (images, options, given) => {
  const wrong = runClassesCheck('pets', images, options ?? {});
  await expect(wrong).rejects.toThrow(`pets has class folders: leave out ${given}, which`);
  await expect(wrong).rejects.toThrow(UsageError);
});
