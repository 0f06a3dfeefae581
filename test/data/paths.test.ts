import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type ImageRoot, openImageRoot } from '../../src/data/paths.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

const composed = (name: string) => name.normalize('NFC');
const decomposed = (name: string) => name.normalize('NFD');

const folder = realpathSync(temporaryFolder());
const images = join(folder, 'images');
let root: ImageRoot;
beforeAll(async () => {
  mkdirSync(join(images, 'sub'), { recursive: true });
  mkdirSync(join(images, decomposed('été')));
  mkdirSync(join(images, composed('Été')));
  for (const file of [
    'images/sub/a.jpg',
    'images/b.jpg',
    'images/Upper.JPG',
    `images/${composed('café.jpg')}`,
    `images/${decomposed('été')}/${composed('â.jpg')}`,
    `images/${composed('Été')}/${composed('É.jpg')}`,
    'secret.jpg',
  ])
    writeFileSync(join(folder, file), '');
  symlinkSync(join(folder, 'secret.jpg'), join(images, 'out.jpg'));
  symlinkSync(join(images, 'b.jpg'), join(images, 'in.jpg'));
  symlinkSync(folder, join(images, 'up'));
  symlinkSync(join(images, 'loop.jpg'), join(images, 'loop.jpg'));
  root = await openImageRoot(images);
});

describe('openImageRoot', () => {
  it.each([
    ['sub/a.jpg', 'sub/a.jpg'],
    ['sub\\a.jpg', 'sub/a.jpg'], // written on Windows
    ['.\\sub\\a.jpg', 'sub/a.jpg'],
    ['./b.jpg', 'b.jpg'],
    ['sub/../b.jpg', 'b.jpg'],
    ['in.jpg', 'b.jpg'], // a link that stays inside
    [decomposed('café.jpg'), composed('café.jpg')],
    [composed('été/â.jpg'), `${decomposed('été')}/${composed('â.jpg')}`], // folder and file in different forms
    [decomposed('été/â.jpg'), `${decomposed('été')}/${composed('â.jpg')}`],
    [decomposed('Été/É.jpg'), composed('Été/É.jpg')], // beside a folder whose name differs in case
  ])('%s is found as %s', async (name, found) => {
    expect(await root.find(name)).toBe(join(images, found));
  });

  it.each([
    ['../secret.jpg', 'leads out of the image folder'],
    ['..\\secret.jpg', 'leads out of the image folder'],
    ['sub/../../secret.jpg', 'leads out of the image folder'],
    ['..', 'leads out of the image folder'],
    ['/etc/hostname', 'is an absolute path, expected one below the image folder'],
    ['C:\\pictures\\b.jpg', 'is an absolute path, expected one below the image folder'],
    ['out.jpg', 'is a link that leads out of the image folder'],
    ['up/secret.jpg', 'is a link that leads out of the image folder'],
    ['loop.jpg', 'is a link that leads to itself'],
    ['nothing.jpg', 'no such file'],
    ['b.jpg/c.jpg', 'no such file'],
    ['upper.jpg', 'no such file, but there is "Upper.JPG": upper and lower case differ'],
    ['Sub/a.jpg', 'no such file, but there is "sub/a.jpg": upper and lower case differ'],
    ['SUB/A.JPG', 'no such file, but there is "sub/a.jpg": upper and lower case differ'],
    ['sub/b.jpg', 'no such file'],
    [decomposed('CAFÉ.jpg'), `no such file, but there is "${composed('café.jpg')}": upper and lower case differ`],
  ])('%s: %s', async (name, message) => {
    await expect(root.find(name)).rejects.toMatchObject({ message });
  });

  it('a file name that begins with two dots stays inside', async () => {
    writeFileSync(join(images, '..b.jpg'), '');
    expect(await root.find('..b.jpg')).toBe(join(images, '..b.jpg'));
  });

  it('a root that is not there', async () => {
    await expect(openImageRoot(join(folder, 'none'))).rejects.toThrow('no such folder of pictures');
  });
});
