import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import type { Repair } from '../../src/data/repairs.js';
import { pictureInputs } from '../../src/run/pictureInputs.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const files = [
  'b.jpg',
  'day 1/deep/C.PNG',
  'a/x.bmp',
  'notes.txt',
  'a/._x.jpg',
  '__MACOSX/b.jpg',
  'day 1/@eaDir/C.PNG',
  'b.jpg:Zone.Identifier',
  'Thumbs.db',
  'found/b.jpg',
];
for (const name of [...files, 'texts/only.txt']) {
  mkdirSync(dirname(at(name)), { recursive: true });
  writeFileSync(at(name), '');
}

it('a folder of folders: pictures at any depth, sorted, without junk', async () => {
  const expected = ['a/x.bmp', 'b.jpg', 'day 1/deep/C.PNG', 'found/b.jpg'];
  expect(await pictureInputs([folder])).toEqual(expected.map(at));
});

it('what was drawn below the input is no input, unless it is named', async () => {
  expect(await pictureInputs([folder], { out: at('found') })).not.toContain(at('found/b.jpg'));
  expect(await pictureInputs([at('found')], { out: at('found') })).toEqual([at('found/b.jpg')]);
});

it('a file is taken whatever it is called', async () => {
  expect(await pictureInputs([at('notes.txt')])).toEqual([at('notes.txt')]);
});

it('links that lead nowhere and pipes are one counted line', async () => {
  const odd = join(folder, '..', `${basename(folder)} odd`);
  mkdirSync(odd);
  writeFileSync(join(odd, 'a.jpg'), '');
  symlinkSync('nowhere', join(odd, 'b.jpg'));
  symlinkSync('/nowhere/else', join(odd, 'day 2'));
  execFileSync('mkfifo', [join(odd, 'c.jpg')]);
  const told: string[] = [];
  const onRepair = ({ message }: Repair) => told.push(message.replaceAll(`${odd}/`, ''));
  expect(await pictureInputs([odd, folder], { onRepair })).toContain(join(odd, 'a.jpg'));
  expect(told).toEqual(['3 links that lead nowhere, pipes, devices or sockets were passed over (b.jpg, c.jpg, day 2)']);
});

it('all that is not there or has no picture in it is listed', async () => {
  await expect(pictureInputs([at('none'), at('texts'), folder])).rejects.toThrow(
    /2 problems\n.*none: no such file or folder\n.*texts: has no pictures in it/,
  );
});
